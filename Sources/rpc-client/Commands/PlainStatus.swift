#if Server
  import ArgumentParser
  import RPCClient

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// `status JOB` with the usual options, which scripts call in loops, read without the argument parser: its reflection takes
  /// as long as all the rest of the command. What isn't as plain as this, and what is wrong, is the parser's.
  struct PlainStatus {
    let job: String
    let settings: ClientSettings

    /// Nil: the parser is to read the arguments.
    init?(_ arguments: [String]) {
      guard arguments.first == "status" else { return nil }
      var (job, options) = (String?.none, [ClientSettings.Name: String]())
      var words = arguments.dropFirst()
      while let word = words.popFirst() {
        if word == "--json" || word == "--quiet" {
          options[word == "--json" ? .json : .quiet] = "true"
        } else if let name = PlainStatus.valued(word), let value = words.popFirst(), !value.hasPrefix("-") {
          options[name] = value
        } else if !word.hasPrefix("-"), JobName.problem(word) == nil, job == nil {
          job = word
        } else {
          return nil
        }
      }
      guard let job, let settings = try? ClientSettings(options: options), (try? settings.terminal()) != nil,
        (try? settings.clientConfiguration()) != nil
      else { return nil }
      (self.job, self.settings) = (job, settings)
    }

    private static func valued(_ word: String) -> ClientSettings.Name? {
      switch word {
      case "--server": .server
      case "--token": .token
      case "--timeout": .timeout
      default: nil
      }
    }

    /// Ends the process from the thread that has the answer: nothing is buffered, and nothing has to be tidied away.
    func run() async -> Never {
      var code: Int32 = 0
      do {
        try await settings.withClient(shutsDown: false) { [job] client, terminal in
          try await StatusCommand.show(job, client, terminal)
          _exit(0)
        }
      } catch let exit as ExitCode {
        code = exit.rawValue
      } catch {
        Terminal.writeErrors("rpc-client: \(error)\n")
        code = 1
      }
      _exit(code)
    }
  }
#endif
