import HTTPTypes
import NIOCore
import NIOHTTPTypes
import TallySchema

/// How long requests are waited for, and what is said to those who wait to send a body.
extension ConnectionGuard {
  /// The connection waits for the body of the newest request, and for nothing else: only now may something be written
  /// between two responses, or the body be called too slow.
  func turnToBody(_ context: ChannelHandlerContext) {
    if bodyPolicy == .upload { return waitForUpload(context) }
    schedule(context, milliseconds: limits.bodyMilliseconds, "The request's body came too slowly (bodyMilliseconds).")
    sendContinue(context)
  }

  func sendContinue(_ context: ChannelHandlerContext) {
    guard isExpecting, responsesDue == 1 else { return }
    isExpecting = false
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  // MARK: Uploads

  static func bodyPolicy(of head: HTTPRequest) -> HTTPRoute.Body {
    guard [.put, .patch, .post].contains(head.method) else { return .json }
    return route(of: head)?.body ?? .json
  }

  static func route(of head: HTTPRequest) -> HTTPRoute? {
    guard let target = head.path else { return nil }
    // Most requests: told at a glance.
    if target.utf8.elementsEqual("/rpc".utf8) { return .rpc }
    guard HeaderText.isASCII(target) else { return nil }
    // Without the query, and without what comes before the path in an absolute target (RFC 9112, section 3.2.2).
    var path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
    if path.starts(with: "http".utf8) {
      let authority = path.split(separator: UInt8(ascii: "/"), maxSplits: 2).dropFirst().first
      path = authority.map { path[$0.endIndex...] } ?? path
    }
    return HTTPRoute(path: String(Substring(path)))
  }

  /// Begins to wait for the next bytes, if that isn't so already: what comes without bytes of the file, such as the extensions of
  /// a chunk, renews nothing.
  func waitForUpload(_ context: ChannelHandlerContext) {
    guard bodyPolicy == .upload, isReadingBody, !isClosing, !isStopping, responsesDue == 1,
      pace.asks(at: context.eventLoop.now)
    else { return }
    // An upload in pieces is gone on with, and its clients take every 4xx for their own fault: the connection just ends.
    schedule(
      context, milliseconds: limits.uploadIdleMilliseconds,
      isResumable ? nil : "The next bytes of the upload didn't come in time (uploadIdleMilliseconds).")
  }

  /// Until more is asked for, nobody waits for the other end.
  func takeUpload(_ context: ChannelHandlerContext, _ bytes: Int) {
    guard bytes > 0, !isStopping else { return }
    clock.stop()
    if pace.takes(bytes, at: context.eventLoop.now) { return }
    let message =
      "Fewer than \(limits.uploadBytesPerSecond) bytes a second have come, which is the least (uploadBytesPerSecond)."
    timeOut(context, reason: "UPLOAD_TOO_SLOW", message)
  }

  func continueUpload(_ context: ChannelHandlerContext) {
    guard bodyPolicy == .upload, isReadingBody, !isClosing else { return }
    sendContinue(context)
  }

  // MARK: Slow requests

  func waitForFirstHead(_ context: ChannelHandlerContext) {
    schedule(context, milliseconds: limits.headerMilliseconds, "No request came in time (headerMilliseconds).")
  }

  /// An idle connection ends without a word: a response that nobody asked for could be taken for that to the next request.
  func waitForNextHead(_ context: ChannelHandlerContext) {
    schedule(context, milliseconds: limits.idleMilliseconds, nil)
  }

  /// - Parameter message: of the refusal; nil: the connection ends without one.
  func schedule(_ context: ChannelHandlerContext, milliseconds: Int, _ message: String?) {
    clock.wait(milliseconds, on: context.eventLoop) { self.timeOut(context, message) }
  }

  func timeOut(_ context: ChannelHandlerContext, reason: String = "REQUEST_TIMEOUT", _ message: String?) {
    guard !isClosing, context.channel.isActive else { return }
    // In HTTP/2 the stream alone ends; and what has been answered already isn't answered again.
    guard let message, isHTTP1, !isReadingBody || canAnswer else { return context.close(promise: nil) }
    answer(context, .requestTimeout, RPCError(.deadlineExceeded, reason: reason, message), nil)
  }
}
