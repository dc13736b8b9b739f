#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "delete", abstract: "Forgets an ended job, and removes its answer where that is still shown.",
      discussion: "On a terminal it asks before it does so.")

    @OptionGroup var job: JobReference
    @Flag(name: .shortAndLong, help: "Don't ask.") var yes = false
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let (job, yes) = (job, yes)
      try await global.withClient { client, terminal in
        let id = try await job.resolve(client)
        if !yes, terminal.canAsk {
          let status = try await client.call(Jobs.status, JobParameters(jobID: id))
          let answer = status.published ? status.output.map { " and \($0)" } ?? "" : ""
          guard terminal.ask("Delete the job \(id)\(answer)?") else {
            terminal.remark("Nothing was deleted.")
            throw ExitCode(RPCStatus.cancelled.exitCode)
          }
        }
        let status = try await client.call(Jobs.delete, JobParameters(jobID: id))
        if terminal.json { terminal.print(status.json) } else { terminal.print(status.jobID) }
      }
    }
  }
#endif
