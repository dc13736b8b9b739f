#if Server
  import ArgumentParser

  /// How the server is reached, by names that curl's users know; `--key` is a submission's.
  struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Trust these certificate authorities (PEM) instead of the system's.", valueName: "file"))
    var cacert: String?
    @Option(help: ArgumentHelp("The client's certificate (PEM), for a server that asks for one.", valueName: "file"))
    var cert: String?
    @Option(help: ArgumentHelp("The private key of --cert (PEM).", valueName: "file")) var certKey: String?
    @Option(
      name: .customLong("pinned-key"),
      help: ArgumentHelp("Accept only a server with this public key, such as sha256//….", valueName: "hashes"))
    var pinnedKey: String?
    @Option(
      help: ArgumentHelp(
        "Connect through this proxy; empty: through none. This machine is never reached through a proxy of the environment.",
        valueName: "url")) var proxy: String?
    @Flag(help: "Read the user name and password from ~/.netrc.") var netrc = false
    @Option(help: ArgumentHelp("Read them from this file.", valueName: "file")) var netrcFile: String?

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
