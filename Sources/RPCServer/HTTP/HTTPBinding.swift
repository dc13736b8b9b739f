import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import NIOSSL
import Schema

/// The protocols that a server speaks: HTTP/1.1, and over TLS HTTP/2 as well, by ALPN.
enum HTTPBinding {
  /// - Throws: what is wrong with the certificate or its key.
  static func server(tls: TallyServer.TLSFiles?, limits: Limits) throws -> HTTPServerBuilder {
    let http1 = configuration(.http1, limits)
    guard let tls else { return .http1(configuration: http1) }
    let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map { NIOSSLCertificateSource.certificate($0) }
    let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
    var http2 = HTTP2UpgradeChannel.Configuration()
    http2.streamConfiguration = configuration(.http2, limits)
    http2.idleTimeout = .milliseconds(limits.idleMilliseconds)
    return try .http2Upgrade(
      tlsConfiguration: TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)),
      configuration: http2)
  }

  private static func configuration(
    _ version: ConnectionGuard.Version, _ limits: Limits
  ) -> HTTP1Channel.Configuration {
    HTTP1Channel.Configuration(
      additionalChannelHandlers: [ConnectionGuard(version, limits: limits)],
      httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
        maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes))
  }
}
