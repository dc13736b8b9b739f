#if Server
  import ArgumentParser

  /// How the server is reached, by names that curl's users know; `--key` is a submission's.
  struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Believe these authorities (PEM), and not the system's.", valueName: "file"))
    var cacert: String?
    @Option(help: ArgumentHelp("Our certificate (PEM).", valueName: "file")) var cert: String?
    @Option(help: ArgumentHelp("The key of our certificate (PEM).", valueName: "file")) var certKey: String?
    @Option(
      name: .customLong("pinned-key"),
      help: ArgumentHelp("Only a server with this public key, such as sha256//….", valueName: "hashes"))
    var pinnedKey: String?
    @Option(help: ArgumentHelp("Through this proxy; empty: through none.", valueName: "url")) var proxy: String?
    @Flag(help: "Take names and passwords from ~/.netrc.") var netrc = false
    @Option(help: ArgumentHelp("Take them from this file.", valueName: "file")) var netrcFile: String?

    var values: [ClientSettings.Name: String] {
      var values: [ClientSettings.Name: String] = [:]
      values[.authorities] = cacert
      values[.certificate] = cert
      values[.certificateKey] = certKey
      values[.pinnedKey] = pinnedKey
      values[.proxy] = proxy
      values[.netrcFile] = netrcFile
      if netrc { values[.netrc] = "true" }
      return values
    }
  }
#endif
