#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "submit", abstract: "Submits a job and prints its ID, without waiting for it.")

    @OptionGroup var spec: SpecOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
      if spec.output == "-" {
        throw ValidationError(
          "submit doesn't wait for the answer, so -o must name a file, or be left out: use run for standard output.")
      }
    }

    func run() async throws {
      let key = spec.idempotencyKey()
      let parameters = try spec.parameters(output: spec.output, key: key)
      try await global.withClient { client, terminal in
        let job = try await Submission(client: client, terminal: terminal, parameters: parameters, key: key)
          .send(Interrupts())
        if terminal.json { terminal.print(job.json) } else { terminal.print(job.jobID) }
      }
    }
  }
#endif
