#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "watch", abstract: "Shows the progress of jobs, and ends with their outcome.")

    @OptionGroup var jobs: JobReferences
    @Flag(help: "Ctrl-C cancels the job at once.") var cancelOnInterrupt = false
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let (jobs, timeout, cancels) = (jobs, try global.timeoutMilliseconds(), cancelOnInterrupt)
      try await global.withClient { client, terminal in
        try await Following(
          client: client, terminal: terminal, jobIDs: try await jobs.resolve(client), cancelsOnInterrupt: cancels,
          timeoutMilliseconds: timeout
        ).run()
      }
    }
  }
#endif
