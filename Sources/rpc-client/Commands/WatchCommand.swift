#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "watch", abstract: "Shows the progress of jobs, and ends with their outcome.",
      discussion: "Ctrl-C ends the command; the jobs go on.")

    @OptionGroup var jobs: JobReferences
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let (jobs, timeout) = (jobs, try global.timeoutMilliseconds())
      try await global.withClient { client, terminal in
        var following = Following(client: client, terminal: terminal, jobIDs: try await jobs.resolve(client))
        following.timeoutMilliseconds = timeout
        try await following.run(Interrupts())
      }
    }
  }
#endif
