#if Server
  import ArgumentParser
  import Dispatch
  import RPCClient
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  @main
  enum Main {
    /// Not asynchronous: such a main gives its thread up, for which glibc loads one more library.
    static func main() {
      // Who reads no more is noticed where the writing fails.
      signal(SIGPIPE, SIG_IGN)
      let arguments = GlobalOptions.reordered(Array(CommandLine.arguments.dropFirst()))
      let ended = DispatchSemaphore(value: 0)
      Task.detached {
        // Waits for the other thread: an exit mustn't tidy away what is still being loaded.
        TallyClient.prepare()
        await run(arguments)
        ended.signal()
      }
      TallyClient.prepare()
      ended.wait()
    }

    private static func run(_ arguments: [String]) async {
      let errors = UsageErrors(arguments: arguments)
      if let problem = errors.unknownCommand() { errors.exit(problem) }
      var command: any ParsableCommand
      do {
        command = try await ClientCommand.asyncParseAsRoot(arguments)
      } catch {
        errors.exit(error, nil)
      }
      do {
        if var asynchronous = command as? any AsyncParsableCommand {
          try await asynchronous.run()
        } else {
          try command.run()
        }
      } catch {
        errors.exit(error, type(of: command))
      }
    }
  }

  struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rpc-client", abstract: "Submits CSV aggregation jobs to a Tally server, and follows them.",
      discussion: """
        INPUT and OUTPUT are names in the server's data folder. Data go to standard output, everything else to standard \
        error.

        Every option that all commands take is a setting: --server, the variable TALLY_SERVER, or a line of that name in \
        ~/.config/tally/client.env (TALLY_CONFIG: another file), in this order.

        Exit codes: 0 done; 1 the job failed; 2 it was cancelled; 64 wrong usage; 64 + n the call failed with gRPC's \
        status n (67 invalid argument, 68 deadline exceeded, 69 not found, 73 failed precondition, or an answer that could \
        not get its name, 78 no server, 80 no token or a wrong one); 74 a file or standard output can't be written; 130 \
        interrupted.
        """, version: TallyVersion.text,
      subcommands: [
        RunCommand.self, SubmitCommand.self, StatusCommand.self, WatchCommand.self, WaitCommand.self,
        CancelCommand.self, RetryCommand.self, DeleteCommand.self, ListCommand.self, EventsCommand.self,
        ResultCommand.self, UploadCommand.self, InputsCommand.self, DescribeCommand.self, CallCommand.self,
        DiscoverCommand.self,
        StatsCommand.self, DoctorCommand.self, CompletionCommand.self,
      ])
  }
#else
  @main
  struct ClientCommand {
    static func main() { print("rpc-client was built without the package's trait Server, which it needs.") }
  }
#endif
