#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct WaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "wait", abstract: "Waits for a job's end, silently, and ends with its outcome.")

    @OptionGroup var job: JobReference
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let (job, timeout) = (job, global.timeoutMilliseconds)
      try await global.withClient { client, terminal in
        try await Following(
          client: client, terminal: terminal, jobID: try await job.resolve(client), showsProgress: false,
          timeoutMilliseconds: timeout
        ).run()
      }
    }
  }
#endif
