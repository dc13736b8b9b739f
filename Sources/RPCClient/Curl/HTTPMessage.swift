/// One field of a message's head.
struct HTTPField: Hashable, Sendable {
  var name: String
  var value: String

  init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}

/// What is sent: one HTTP request.
struct HTTPRequestMessage: Sendable {
  var method: String
  var url: String
  var socketPath: String?
  var headers: [HTTPField] = []
  var body: [UInt8]?
  /// A body that comes piece by piece.
  var upload: UploadBody?
  /// May be sent once only, and so on a connection of its own: on one that had been idle and is gone, curl sends a request
  /// again by itself.
  var isSentOnce = false
  /// The answer is taken at once and whole: it may share a connection (HTTP/2) and be compressed.
  var isSmall = false
  /// Milliseconds until a connection must stand.
  var connectMilliseconds: Int
  /// Milliseconds for the whole exchange; nil: as long as it takes.
  var totalMilliseconds: Int?
  /// Seconds without a byte after which the other end counts as gone; nil: it may be silent.
  var silenceSeconds: Int?
  var options = CurlOptions()
}

/// The head of an HTTP response.
public struct HTTPResponseHead: Hashable, Sendable {
  /// The status code.
  public var status: Int
  /// By lower-case name; of several fields of one name, the last.
  public var headers: [String: String]
  /// Of HTTP: 1.1 unless the response says.
  var majorVersion = 1
  var minorVersion = 1

  /// A head with these properties.
  public init(status: Int, headers: [String: String]) { (self.status, self.headers) = (status, headers) }

  /// Whether the connection broke before the head was whole. curl takes such a head for a whole one, and a body of no bytes
  /// for its end; but a server of HTTP/1.1 that means to go on says how long the body is (RFC 9112, section 6.3).
  var isCut: Bool {
    majorVersion == 1 && minorVersion >= 1 && (200...299).contains(status) && status != 204
      && headers["content-length"] == nil
      && headers["transfer-encoding"] == nil
  }
}

/// A transfer that failed before its end: curl's own code and words.
struct TransferError: Error, Hashable, CustomStringConvertible {
  enum Kind: Hashable { case connection, tls, timeout, cancelled, invalidURL, refusedOption, reply, other }
  var kind: Kind
  var message: String
  /// A `CURLcode`.
  var code: Int?
  /// Whether the server may have seen the request, or a part of it.
  var wasSent = true
  var description: String { message }

  static let brokenHead = TransferError(kind: .connection, message: "the connection broke in the answer's head")
}

/// Reads the lines of a response's head as curl hands them over: pure. A new status line begins a new head, as after
/// `100 Continue`.
struct HeadParser {
  private(set) var head = HTTPResponseHead(status: 0, headers: [:])
  /// The blank line has come, and the status is a final one.
  private(set) var isComplete = false

  /// - Parameter line: with its line end; by bytes, since it is anybody's text.
  mutating func feed(_ line: some Collection<UInt8>) {
    var text = Array(line)[...]
    while let last = text.last, last == 0x0D || last == 0x0A { text.removeLast() }
    if text.starts(with: "HTTP/".utf8) {
      let words = text.dropFirst("HTTP/".utf8.count).split(separator: 0x20)
      let version = words.first?.split(separator: UInt8(ascii: ".")).map(HeadParser.number) ?? []
      head = HTTPResponseHead(status: words.dropFirst().first.map(HeadParser.number) ?? 0, headers: [:])
      (head.majorVersion, head.minorVersion) = (version.first ?? 0, version.dropFirst().first ?? 0)
      isComplete = false
    } else if text.isEmpty {
      isComplete = head.status >= 200
    } else if let colon = text.firstIndex(of: UInt8(ascii: ":")), text[..<colon].allSatisfy({ $0 < 0x80 }) {
      let value = text[(colon + 1)...].drop { $0 == 0x20 }
      head.headers[String(decoding: text[..<colon], as: UTF8.self).lowercased()] = String(
        decoding: value, as: UTF8.self)
    }
  }

  /// At most nine digits; 0 for what is no number.
  private static func number(_ text: ArraySlice<UInt8>) -> Int {
    guard (1...9).contains(text.count), text.allSatisfy({ (0x30...0x39).contains($0) }) else { return 0 }
    return text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }
}
