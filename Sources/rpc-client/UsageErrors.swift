#if Server
  import ArgumentParser
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Ends the process for an error of a command: wrong usage with the command's own usage, and as JSON where JSON was asked for.
  struct UsageErrors {
    /// As they were given.
    let arguments: [String]

    /// - Parameter command: whose `run` has thrown it; nil: the parser has.
    func exit(_ error: any Error, _ command: (any ParsableCommand.Type)?) -> Never {
      let code = ClientCommand.exitCode(for: error)
      guard code == .validationFailure else { ClientCommand.exit(withError: error) }
      let message = ClientCommand.message(for: error)
      if wantsJSON { return leave(message) }
      guard let command else {
        write(ClientCommand.fullMessage(for: error))
        _exit(code.rawValue)
      }
      var name = "rpc-client"
      if let own = command.configuration.commandName, command != ClientCommand.self { name += " " + own }
      let usage = command == ClientCommand.self ? "" : "Usage: \(ClientCommand.usageString(for: command))\n"
      write("Error: \(message)\n\(usage)  See '\(name) --help' for more information.")
      _exit(code.rawValue)
    }

    /// A command that there isn't, told with the one that was meant; nil: there is such a command, or none was named.
    func unknownCommand() -> String? {
      guard let word = arguments.first, !word.hasPrefix("-") else { return nil }
      let known = ClientCommand.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
      if known.contains(word) { return nil }
      let meant = Suggestion.nearest(to: word, among: known).map { " Did you mean '\($0)'?" } ?? ""
      return "There is no command '\(Excerpt.of(word))'.\(meant)"
    }

    func exit(_ message: String) -> Never {
      if wantsJSON { return leave(message) }
      write("Error: \(message)\n  See 'rpc-client --help' for the commands.")
      _exit(ExitCode.validationFailure.rawValue)
    }

    /// Lines that fit the terminal, where there is one.
    private func write(_ text: String) {
      let text = Printable.replaced(text, keepsLineEnds: true)
      let style = Style(descriptor: STDERR_FILENO, color: .never, environment: ClientSettings.environment)
      let lines = style.size.map { DisplayWidth.wrapped(text, to: $0.columns) } ?? [text]
      Terminal.writeErrors(lines.joined(separator: "\n") + "\n")
    }

    private func leave(_ message: String) -> Never {
      let error = RPCError(.invalidArgument, reason: "USAGE", message)
      Terminal.writeOutput(Array((JSONValue.object([JSONMember("error", error.json)]).text + "\n").utf8))
      _exit(ExitCode.validationFailure.rawValue)
    }

    private var wantsJSON: Bool {
      if arguments.prefix(while: { $0 != "--" }).contains("--json") { return true }
      return ((try? ClientSettings())?.flagOrNil(.json)) ?? false
    }
  }
#endif
