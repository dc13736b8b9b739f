extension CurlOptions {
  init(_ configuration: TallyClient.Configuration) {
    authorityFile = configuration.tls.authorityFile
    certificateFile = configuration.tls.certificateFile
    keyFile = configuration.tls.keyFile
    keyPassword = configuration.tls.keyPassword
    pinnedPublicKey = configuration.tls.pinnedPublicKey
    proxy = configuration.proxy
    switch configuration.netrc {
    case .ignored: break
    case .standard: usesNetrc = true
    case .file(let path): (usesNetrc, netrcFile) = (true, path)
    }
  }
}
