import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import NIOTLS
import TallySchema

/// Stands in a TLS connection's pipeline and closes it when it is silent for too long: in its handshake, before HTTP/2's
/// first stream, and when HTTP/2 has no stream any more. Requests have clocks of their own, and with HTTP/1.1 so has the
/// connection (``ConnectionGuard``).
final class TLSConnectionGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  /// An idle connection is told that it ends, and asked for a sign of life; this is how long it is given for that.
  private static let goodbyeMilliseconds = 5_000

  private let limits: Limits
  private var context: ChannelHandlerContext?
  private let clock = ConnectionClock()
  private var openStreams = 0

  init(limits: Limits) { self.limits = limits }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    closeIn(limits.headerMilliseconds)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    clock.cancel()
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    clock.cancel()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    context.fireUserInboundEventTriggered(event)
    guard case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent else { return }
    if negotiated == "h2" {
      HeaderListLimit.announce(limits, on: context.channel)
      if openStreams == 0 { closeIn(limits.headerMilliseconds) }
    } else {
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
  }

  func streamOpened() {
    openStreams += 1
    clock.stop()
  }

  func streamClosed() {
    openStreams -= 1
    if openStreams == 0 { closeIn(limits.idleMilliseconds + TLSConnectionGuard.goodbyeMilliseconds) }
  }

  private func closeIn(_ milliseconds: Int) {
    guard let context else { return }
    clock.wait(milliseconds, on: context.eventLoop) { context.close(promise: nil) }
  }
}

/// A child channel that speaks TLS, with the guard of its connection.
struct TLSGuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base
  let limits: Limits

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    base.setup(channel: channel, logger: logger).flatMapThrowing { value in
      let pipeline = channel.pipeline.syncOperations
      // Behind TLS, which tells when its handshake is done.
      let tls = try pipeline.handler(type: NIOSSLServerHandler.self)
      try pipeline.addHandler(TLSConnectionGuard(limits: limits), position: .after(tls))
      return value
    }
  }

  func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
