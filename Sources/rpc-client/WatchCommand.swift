#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "watch", abstract: "Shows a job's progress, and ends with its outcome.")

    @OptionGroup var job: JobReference
    @Flag(help: "Ctrl-C cancels the job at once.") var cancelOnInterrupt = false
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let (job, timeout, cancels) = (job, global.timeoutMilliseconds, cancelOnInterrupt)
      try await global.withClient { client, terminal in
        try await Following(
          client: client, terminal: terminal, jobID: try await job.resolve(client), cancelsOnInterrupt: cancels,
          timeoutMilliseconds: timeout
        ).run()
      }
    }
  }
#endif
