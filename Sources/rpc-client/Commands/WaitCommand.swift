#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "wait", abstract: "Waits for the end of jobs, silently, and ends with their outcome.")

    @OptionGroup var jobs: JobReferences
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let (jobs, timeout) = (jobs, try global.timeoutMilliseconds())
      try await global.withClient { client, terminal in
        try await Following(
          client: client, terminal: terminal, jobIDs: try await jobs.resolve(client), showsProgress: false,
          timeoutMilliseconds: timeout
        ).run()
      }
    }
  }
#endif
