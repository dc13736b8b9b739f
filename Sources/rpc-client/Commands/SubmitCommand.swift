#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "submit", abstract: "Submits a job and prints its ID, without waiting for it.")

    @OptionGroup var spec: SpecOptions
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let parameters = try spec.parameters()
      try await global.withClient { client, terminal in
        let job = try await client.call(Jobs.submit, parameters)
        if terminal.json { terminal.print(job.json) } else { terminal.print(job.jobID) }
      }
    }
  }
#endif
