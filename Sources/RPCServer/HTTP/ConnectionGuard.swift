import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import TallySchema

/// Stands in every connection's pipeline, in front of the requests: detects a closed peer, ends connections whose
/// requests come too slowly, turns parser errors into JSON-RPC errors, answers `Expect: 100-continue`, and reads
/// nothing more once a response is marked as the connection's last.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  enum Version: Sendable { case http1, http2 }

  /// Known once the handler stands in its pipeline.
  private var presence: ConnectionPresence?
  private let presences: ConnectionPresences
  let limits: Limits
  /// Of the connection that this is a stream of, with HTTP/2.
  private var connection: TLSConnectionGuard?
  let clock = ConnectionClock()
  /// While the other end takes nothing of what was written.
  private let writeClock = ConnectionClock()
  /// Requests whose heads have come and whose responses haven't been written.
  var responsesDue = 0
  var isReadingBody = false
  /// The newest request wants to hear `100 Continue`, and waits for the responses before its own.
  var isExpecting = false
  /// What the newest request's path does with a body.
  var bodyPolicy = HTTPRoute.Body.json
  var isResumable = false
  /// Of the upload that is the newest request.
  var pace = UploadPace(bytesPerSecondLeast: 0)
  /// Nobody is waited for any longer than ``stoppingMilliseconds``.
  var isStopping = false
  /// The response that is being written is the connection's last.
  private var isLast = false
  /// Nothing is read or written any more, but for what lingers.
  var isClosing = false
  private var parserError: HTTPParserError?
  /// The head of the response that is due has been written.
  private var hasBegunResponse = false
  private var stopListener: OneShot.ListenerID?

  /// - Parameter presences: where this connection's is to be found while it lasts.
  init(limits: Limits, presences: ConnectionPresences) {
    self.limits = limits
    self.presences = presences
  }

  var isHTTP1: Bool { presence?.version == .http1 }

  func handlerAdded(context: ChannelHandlerContext) {
    // With TLS, ALPN has decided by now, and only HTTP/1.1 has its codec in the same pipeline.
    let codec = try? context.pipeline.syncOperations.handler(type: HTTP1ToHTTPServerCodec.self)
    let isHTTP1 = codec != nil
    if let codec { try? context.pipeline.syncOperations.addHandler(RequestHeadGuard(), position: .before(codec)) }
    let presence = ConnectionPresence(isHTTP1 ? .http1 : .http2, eventLoop: context.eventLoop)
    self.presence = presence
    presences.add(presence, of: context.channel)
    UnsentBytes.limit(of: isHTTP1 ? context.channel : context.channel.parent)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    stopListener = presence.stopping.listen {
      bound.eventLoop.execute {
        let (handler, context) = bound.value
        if context.channel.isActive { handler.stop(context) }
      }
    }
    presence.listenForWantedBody {
      bound.eventLoop.execute {
        let (handler, context) = bound.value
        if context.channel.isActive { handler.continueUpload(context) }
      }
    }
    if !isHTTP1 {
      connection = try? context.channel.parent?.pipeline.syncOperations.handler(type: TLSConnectionGuard.self)
      connection?.streamOpened()
    }
    if context.channel.isActive { waitForFirstHead(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    clock.cancel()
    writeClock.cancel()
    connection?.streamClosed()
    // The listener retains this handler, which retains the presence: unregistering it breaks the cycle.
    if let stopListener { presence?.stopping.forget(stopListener) }
    presence?.listenForWantedBody(nil)
    presences.remove(context.channel)
  }

  func channelActive(context: ChannelHandlerContext) {
    waitForFirstHead(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    clock.cancel()
    writeClock.cancel()
    presence?.gone.happen()
    // HTTP/1.1's parser reports an incomplete body itself. An HTTP/2 stream may end with its connection in the middle
    // of a body.
    if !isHTTP1, isReadingBody { context.fireErrorCaught(ChannelError.inputClosed) }
    context.fireChannelInactive()
  }

  /// What is written waits from some ten kibibytes on, until the other end has taken most of it; it must do so in time.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      writeClock.stop()
    } else {
      waitForReader(context, milliseconds: limits.writeMilliseconds)
    }
    context.fireChannelWritabilityChanged()
  }

  private func waitForReader(_ context: ChannelHandlerContext, milliseconds: Int) {
    writeClock.wait(milliseconds, on: context.eventLoop) { context.close(promise: nil) }
  }

  /// Whether one request alone has no answer yet, and nothing of one has been written.
  var canAnswer: Bool { isHTTP1 && responsesDue == 1 && !hasBegunResponse }

  // MARK: The server stops

  /// Time that a stop leaves to a body that is half here, and to a reader that takes nothing.
  private static let stoppingMilliseconds = 1_000

  /// The server stops: a slow client gets only ``stoppingMilliseconds`` more.
  private func stop(_ context: ChannelHandlerContext) {
    isStopping = true
    if isReadingBody {
      clock.wait(ConnectionGuard.stoppingMilliseconds, on: context.eventLoop) {
        guard self.isReadingBody, !self.isClosing, context.channel.isActive else { return }
        guard self.canAnswer else { return context.close(promise: nil) }
        self.answer(context, .serviceUnavailable, ProgressHub.shuttingDown, nil)
      }
    }
    if !context.channel.isWritable { waitForReader(context, milliseconds: ConnectionGuard.stoppingMilliseconds) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // An HTTP/2 stream's input ends with every request.
    if isHTTP1, let event = event as? ChannelEvent, event == .inputClosed {
      presence?.halfClosed.happen()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    parserError = parserError ?? error as? HTTPParserError
    context.fireErrorCaught(error)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isClosing { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      isReadingBody = true
      bodyPolicy = ConnectionGuard.bodyPolicy(of: head)
      isResumable = bodyPolicy == .upload && ConnectionGuard.route(of: head)?.isResumable == true
      pace = UploadPace(bytesPerSecondLeast: limits.uploadBytesPerSecond)
      let bodyBytesMost = bodyPolicy == .upload ? limits.uploadBytes : limits.requestBodyBytes
      isExpecting = isHTTP1 && ExpectContinue.isWanted(head, bodyBytesMost: bodyBytesMost)
      responsesDue += 1
      if responsesDue == 1 { turnToBody(context) }
    case .body(let bytes):
      if bodyPolicy == .upload { takeUpload(context, bytes.readableBytes) }
    case .end:
      isReadingBody = false
      isExpecting = false
      if responsesDue == 0 {
        // It was answered before it had come to its end.
        waitForNextHead(context)
      } else if responsesDue == 1 {
        clock.stop()
      }
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if isClosing {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    switch unwrapOutboundIn(data) {
    case .head(var head):
      if head.status == .badRequest, let (status, error) = parserError?.refusal(limits) {
        return answer(context, status, error, promise)
      }
      isLast = head.headerFields[.connection] == "close"
      // HTTP/2 has no such field (RFC 9113, section 8.2.2); its streams end by themselves.
      if !isHTTP1 { head.headerFields[.connection] = nil }
      hasBegunResponse = true
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      hasBegunResponse = false
      responsesDue -= 1
      if isLast, isHTTP1 { return writeLast(context, promise) }
      context.write(data, promise: promise)
      if responsesDue == 0, !isReadingBody {
        waitForNextHead(context)
      } else if isReadingBody {
        // What comes behind an early answer is passed over, and has a time in all.
        if responsesDue == 0 { bodyPolicy = .none }
        turnToBody(context)
      }
    }
  }

  /// More is asked for: from now on, the other end is waited for.
  func read(context: ChannelHandlerContext) {
    waitForUpload(context)
    context.read()
  }

  // MARK: Refusals of the parser

  /// Writes a whole response of our own, the connection's last.
  func answer(
    _ context: ChannelHandlerContext, _ status: HTTPResponse.Status, _ error: RPCError,
    _ promise: EventLoopPromise<Void>?
  ) {
    for part in HTTPAnswers.lastParts(status, error) { context.write(wrapOutboundOut(part), promise: nil) }
    writeLast(context, promise)
  }

  /// Ends the last response, and the connection when its bytes are out.
  private func writeLast(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
    isClosing = true
    closeLater(context, milliseconds: limits.idleMilliseconds)
    let written = promise ?? context.eventLoop.makePromise(of: Void.self)
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    written.futureResult.whenComplete { _ in
      let (handler, context) = bound.value
      handler.linger(context)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
  }

  /// Closes our side, and the rest a little later: closing at once, with bytes unread, would make the kernel throw away
  /// the response on its way.
  private func linger(_ context: ChannelHandlerContext) {
    context.close(mode: .output, promise: nil)
    closeLater(context, milliseconds: 1_000)
    presence?.gone.happen()
  }

  private func closeLater(_ context: ChannelHandlerContext, milliseconds: Int) {
    clock.wait(milliseconds, on: context.eventLoop) { context.close(promise: nil) }
  }
}
