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
  public var status: Int
  /// By lower-case name; of several fields of one name, the last.
  public var headers: [String: String]
  /// Of HTTP: 1.1 unless the response says.
  var majorVersion = 1
  var minorVersion = 1

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

  mutating func feed(_ line: String) {
    let text = line.trimmingSuffix { $0.isNewline }
    if text.hasPrefix("HTTP/") {
      let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      head = HTTPResponseHead(status: status, headers: [:])
      let version = text.dropFirst("HTTP/".count).prefix { $0 != " " }.split(separator: ".").map { Int($0) ?? 0 }
      (head.majorVersion, head.minorVersion) = (version.first ?? 0, version.dropFirst().first ?? 0)
      isComplete = false
    } else if text.isEmpty {
      isComplete = head.status >= 200
    } else if let colon = text.firstIndex(of: ":") {
      let value = text[text.index(after: colon)...].drop { $0 == " " }
      head.headers[text[..<colon].lowercased()] = String(value)
    }
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> SubSequence {
    var end = endIndex
    while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
    return self[startIndex..<end]
  }
}
