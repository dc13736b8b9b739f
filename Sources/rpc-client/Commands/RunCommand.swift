#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Submits a job, shows its progress, and ends with its outcome.")

    @OptionGroup var spec: SpecOptions
    @Flag(help: "Ctrl-C cancels the job at once.") var cancelOnInterrupt = false
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let parameters = try spec.parameters()
      let (timeout, cancels) = (try global.timeoutMilliseconds(), cancelOnInterrupt)
      try await global.withClient { client, terminal in
        let job = try await client.call(Jobs.submit, parameters)
        // Before anything else: with it, the job can be found again whatever happens here.
        if terminal.json { terminal.print(job.json) } else { terminal.print(job.jobID) }
        try await Following(
          client: client, terminal: terminal, jobIDs: [job.jobID], cancelsOnInterrupt: cancels,
          timeoutMilliseconds: timeout
        ).run()
      }
    }
  }
#endif
