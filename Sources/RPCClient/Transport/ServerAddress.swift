/// Where a server is, as curl wants it.
struct ServerAddress: Hashable, Sendable {
  /// Without a slash at its end.
  var url: String
  /// Of a server on this machine that listens on a Unix socket; the URL's host is then only a name.
  var socketPath: String?
  /// As the user has written it, for messages: without a password.
  var text: String

  init(_ text: String) {
    self.text = ServerAddress.redacted(text)
    guard text.hasPrefix("unix:") else {
      var url = text
      while url.utf8.last == UInt8(ascii: "/") { url.removeLast() }
      self.url = url
      return
    }
    let path = text.dropFirst("unix:".count)
    socketPath = String(path.hasPrefix("//") ? path.dropFirst(2) : path)
    url = "http://localhost"
  }

  /// `https://name:password@host` is `https://host`.
  private static func redacted(_ text: String) -> String {
    // Asked first: hardly any address has one, and looking for it in earnest would cost each program's start.
    guard text.utf8.contains(UInt8(ascii: "@")), let scheme = text.firstRange(of: "://"),
      let at = text[scheme.upperBound...].firstIndex(of: "@"),
      !text[scheme.upperBound..<at].contains("/")
    else { return text }
    return String(text[..<scheme.upperBound] + text[text.index(after: at)...])
  }
}
