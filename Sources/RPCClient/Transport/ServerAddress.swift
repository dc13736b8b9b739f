#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

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

  /// Why it is no server's address, as the end of a sentence; nil: it can be one.
  var problem: String? {
    if let socketPath {
      if socketPath.utf8.first != UInt8(ascii: "/") { return "names no socket: it is written unix:/path/of.sock" }
      var information = stat()
      guard stat(socketPath, &information) == 0 else { return "names a socket that isn't there" }
      return information.st_mode & S_IFMT == S_IFSOCK ? nil : "names something that is no socket"
    }
    let scheme = ["http://", "https://"].first {
      url.utf8.starts(with: $0.utf8) || (url + "//").utf8.elementsEqual($0.utf8)
    }
    guard let scheme else { return "must begin with http://, https:// or unix:" }
    let rest = url.utf8.dropFirst(scheme.utf8.count)
    if rest.isEmpty || rest.first == UInt8(ascii: "/") || rest.first == UInt8(ascii: ":") { return "names no host" }
    if rest.contains(UInt8(ascii: "?")) { return "has a query, which a server's address has none of" }
    if rest.contains(UInt8(ascii: "#")) { return "has a fragment, which a server's address has none of" }
    if rest.contains(where: { $0 <= 0x20 || $0 == 0x7F }) { return "has a space or a control character in it" }
    return nil
  }

  /// `https://name:password@host` is `https://host`.
  private static func redacted(_ text: String) -> String {
    // Asked first: hardly any address has one, and looking for it in earnest would cost each program's start.
    guard text.utf8.contains(UInt8(ascii: "@")), let scheme = text.firstRange(of: "://"),
      let at = text[scheme.upperBound...].lastIndex(of: "@"),
      !text[scheme.upperBound..<at].contains("/")
    else { return text }
    return String(text[..<scheme.upperBound] + text[text.index(after: at)...])
  }
}
