import HTTPTypes

/// `Expect: 100-continue` (RFC 9110, section 10.1.1).
enum ExpectContinue {
  /// Whether a request's head asks to hear `100 Continue` before it sends its body, and should.
  ///
  /// - Parameter bodyBytesMost: a body that will be refused anyway needn't come.
  static func isWanted(_ head: HTTPRequest, bodyBytesMost: Int) -> Bool {
    guard let name = HTTPField.Name("Expect"), let text = head.headerFields[name],
      HeaderText.token(text) == "100-continue"
    else { return false }
    let length = head.headerFields[.contentLength].flatMap { Int($0) }
    return length.map { $0 <= bodyBytesMost } ?? true
  }
}
