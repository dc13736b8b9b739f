import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import TallySchema

/// The protocols that a server speaks: HTTP/1.1, and over TLS HTTP/2 as well, by ALPN.
enum HTTPBinding {
  /// - Throws: ``TLSProblem``.
  static func server(
    tls: TallyServer.TLSFiles?, limits: Limits, presences: ConnectionPresences
  ) throws -> HTTPServerBuilder {
    let channel = HTTP1Channel.Configuration(
      additionalChannelHandlers: [ConnectionGuard(limits: limits, presences: presences)],
      httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
        maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes))
    guard let tls else { return .http1(configuration: channel) }
    var upgrade = HTTP2UpgradeChannel.Configuration()
    // For HTTP/2's streams, and for HTTP/1.1 where ALPN chooses that.
    upgrade.streamConfiguration = channel
    upgrade.idleTimeout = .milliseconds(limits.idleMilliseconds)
    let configuration = try TLSFilesReader.configuration(tls)
    return HTTPServerBuilder { [upgrade] responder in
      TLSGuardedChannel(
        base: try HTTP2UpgradeChannel(tlsConfiguration: configuration, configuration: upgrade, responder: responder),
        limits: limits)
    }
  }
}
