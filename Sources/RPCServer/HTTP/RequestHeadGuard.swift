import NIOCore
import NIOHTTP1

/// Stands behind the HTTP/1 parser and refuses heads that it lets through, though two programs on a request's way could read
/// them in two ways (RFC 9112, sections 3.2 and 6.1): without a host or with two of them, for another host than it names,
/// or with a transfer coding that isn't `chunked`.
final class RequestHeadGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  /// A refused request's connection ends: nothing behind its head is read.
  private var hasRefused = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if hasRefused { return }
    if case .head(let head) = unwrapInboundIn(data), let error = RequestHeadGuard.problem(head) {
      hasRefused = true
      context.fireErrorCaught(error)
      return
    }
    // A client of HTTP/1.0 waits for nothing, and knows no `100 Continue` (RFC 9110, section 10.1.1).
    if case .head(var head) = unwrapInboundIn(data), head.version == .http1_0, head.headers.contains(name: "Expect") {
      head.headers.remove(name: "Expect")
      return context.fireChannelRead(wrapInboundOut(.head(head)))
    }
    context.fireChannelRead(data)
  }

  /// Stands for a host that is missing or named twice. The parser of requests never says it itself: they have no status.
  static let wrongHost = HTTPParserError.invalidStatus

  /// What is wrong with a head, by the parser's own names; nil: nothing.
  static func problem(_ head: HTTPRequestHead) -> HTTPParserError? {
    let hosts = head.headers["Host"]
    let isOld = head.version.major == 1 && head.version.minor == 0
    guard hosts.count == 1 || (hosts.isEmpty && isOld) else { return RequestHeadGuard.wrongHost }
    // CONNECT and `*` are answered by the routes.
    if !head.uri.utf8.starts(with: "/".utf8), let authority = authority(ofAbsolute: head.uri) {
      guard authority.lowercased() == hosts.first?.lowercased() else { return .invalidURL }
    }
    let codings = head.headers["Transfer-Encoding"]
    guard codings.isEmpty || (codings.count == 1 && HeaderText.token(codings[0]) == "chunked") else {
      return .invalidHeaderToken
    }
    return nil
  }

  /// The authority of a target in absolute form, `http://host:port/path`; nil for the other forms. A target that isn't a
  /// plausible one has an authority that no host equals.
  private static func authority(ofAbsolute uri: String) -> String? {
    let bytes = uri.utf8
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
      return nil
    }
    let rest = bytes[bytes.index(colon, offsetBy: 3)...]
    let authority = String(Substring(rest.prefix { !"/?#".utf8.contains($0) }))
    return OriginPolicy.isAuthority(authority) ? authority : ""
  }
}
