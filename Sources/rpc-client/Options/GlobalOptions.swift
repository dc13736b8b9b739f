#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  /// What every command takes.
  struct GlobalOptions: ParsableArguments {
    @Option(
      help: ArgumentHelp(
        "The server, or several with commas between (default: port 8000 of this machine).", valueName: "url"))
    var server: String?
    @Option(help: "The server's token (better: TALLY_TOKEN, which no process list shows).") var token: String?
    @Flag(help: "Print JSON, one object a line.") var json = false
    @Flag(help: "Print no progress and no remarks.") var quiet = false
    @Option(help: ArgumentHelp("Give up after this time, such as 500ms, 30s or 5m.", valueName: "duration"))
    var timeout: String?
    @Option(
      help: ArgumentHelp("How many times a call that may be repeated is sent again (default: 2).", valueName: "times"))
    var retry: String?
    @Option(help: "Colors: auto, always or never.", completion: .list(Style.ColorChoice.allCases.map(\.rawValue)))
    var color: String?
    @OptionGroup(title: "Connection, as curl's options") var connection: ConnectionOptions

    func settings() throws -> ClientSettings {
      var options = connection.values
      options[.server] = server
      options[.token] = token
      options[.timeout] = timeout
      options[.retry] = retry
      options[.color] = color
      if json { options[.json] = "true" }
      if quiet { options[.quiet] = "true" }
      return try ClientSettings(options: options)
    }

    func timeoutMilliseconds() throws -> Int? { try settings().timeoutMilliseconds() }

    /// The same arguments with the options that stand before the command moved behind it, where the parser wants them:
    /// `--server URL list` is `list --server URL`.
    static func reordered(_ arguments: [String]) -> [String] {
      let flags = ["--json", "--quiet", "--netrc"]
      let valued = ClientSettings.Name.allCases.map { "--\($0.rawValue)" }.filter { !flags.contains($0) }
      var index = 0
      while index < arguments.count {
        let word = arguments[index]
        if flags.contains(word) || valued.contains(where: { word.hasPrefix($0 + "=") }) {
          index += 1
        } else if valued.contains(word) {
          index += 2
        } else if word.hasPrefix("-") {
          return arguments
        } else {
          return [word] + arguments[..<index] + arguments[(index + 1)...]
        }
      }
      return arguments
    }

    func validate() throws { _ = try settings().timeoutMilliseconds() }

    /// Runs a command's body with a client. An error of a call is printed, and becomes the exit code.
    func withClient(_ body: @escaping @Sendable (TallyClient, Terminal) async throws -> Void) async throws {
      try await settings().withClient(body)
    }
  }
#endif
