/// Where a server is, as curl wants it.
struct ServerAddress: Hashable, Sendable {
  /// Without a slash at its end.
  var url: String
  /// Of a server on this machine that listens on a Unix socket; the URL's host is then only a name.
  var socketPath: String?
  /// As the user has written it.
  var text: String

  init(_ text: String) {
    self.text = text
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
}
