#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "retry", abstract: "Queues a failed or cancelled job again.")

    @OptionGroup var job: JobReference
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let job = job
      try await global.withClient { client, terminal in
        let status = try await client.call(Jobs.retry, JobParameters(jobID: try await job.resolve(client)))
        if terminal.json { terminal.print(status.json) } else { terminal.print(status.jobID) }
      }
    }
  }
#endif
