#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "delete", abstract: "Forgets an ended job, and removes its answer where that is still shown.")

    @OptionGroup var job: JobReference
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let job = job
      try await global.withClient { client, terminal in
        let status = try await client.call(Jobs.delete, JobParameters(jobID: try await job.resolve(client)))
        if terminal.json { terminal.print(status.json) } else { terminal.print(status.jobID) }
      }
    }
  }
#endif
