import NIOSSL

/// Reads a certificate chain and its key, and says with which versions and ciphers they are used.
enum TLSFilesReader {
  /// TLS 1.2 at least, which still has forward secrecy and authenticated ciphers only (RFC 9325, sections 3.1.1 and 4.2).
  private static let ciphers: [NIOTLSCipher] = [
    .TLS_AES_128_GCM_SHA256, .TLS_AES_256_GCM_SHA384, .TLS_CHACHA20_POLY1305_SHA256,
    .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  ]

  /// - Throws: ``TLSProblem``, which names the setting.
  static func configuration(_ files: TallyServer.TLSFiles) throws(TLSProblem) -> TLSConfiguration {
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
    } catch {
      throw TLSProblem(files.certificate, "certificate", "holds no certificate in PEM, or can't be read")
    }
    if chain.isEmpty { throw TLSProblem(files.certificate, "certificate", "holds no certificate in PEM") }
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(file: files.key, format: .pem)
    } catch {
      throw TLSProblem(files.key, "key", "holds no private key in PEM without a password, or can't be read")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.cipherSuiteValues = ciphers
    do {
      _ = try NIOSSLContext(configuration: configuration)
    } catch {
      throw TLSProblem(files.key, "key", "doesn't belong to the certificate in '\(files.certificate)'")
    }
    return configuration
  }
}

/// What is wrong with a certificate or a key.
public struct TLSProblem: Error, CustomStringConvertible {
  public var description: String

  /// - Parameter setting: `certificate` or `key`.
  init(_ file: String, _ setting: String, _ what: String) {
    description = "the file '\(file)' (--tls-\(setting)) \(what)"
  }
}
