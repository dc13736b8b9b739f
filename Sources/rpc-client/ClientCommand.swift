#if Server
  import ArgumentParser
  import Dispatch
  import RPCClient

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
        if let status = PlainStatus(arguments) { await status.run() }
        // Waits for the other thread: an exit mustn't tidy away what is still being loaded.
        TallyClient.prepare()
        await ClientCommand.main(arguments)
        ended.signal()
      }
      TallyClient.prepare()
      ended.wait()
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
        status n (67 invalid argument, 68 deadline exceeded, 69 not found, 73 failed precondition, 78 no server); 130 \
        interrupted.
        """,
      subcommands: [
        RunCommand.self, SubmitCommand.self, StatusCommand.self, WatchCommand.self, WaitCommand.self,
        CancelCommand.self, RetryCommand.self, DeleteCommand.self, ListCommand.self, EventsCommand.self,
        ResultCommand.self, InputsCommand.self, DescribeCommand.self, CallCommand.self, DiscoverCommand.self,
        StatsCommand.self, DoctorCommand.self, CompletionCommand.self,
      ])
  }
#else
  @main
  struct ClientCommand {
    static func main() { print("rpc-client was built without the package's trait Server, which it needs.") }
  }
#endif
