#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "submit", abstract: "Submits a job and prints its ID, without waiting for its end.")

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
      _ = try spec.parameters(inputs: LocalInputs.standIns(spec.inputs), output: spec.output, key: key)
      try await global.withClient { [spec] client, terminal in
        let local = try await LocalJob(client, terminal, Interrupts(), spec: spec, output: spec.output, key: key)
        let job = try await local.submit(key: key)
        if terminal.json { terminal.print(job.json) } else { terminal.print(job.jobID) }
        try await local.send(job.jobID)
      }
    }
  }
#endif
