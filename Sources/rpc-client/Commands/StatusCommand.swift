#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "Prints a job's state, and how far it is.")

    @OptionGroup var job: JobReference
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let job = job.job
      try await global.withClient { try await StatusCommand.show(job, $0, $1) }
    }

    private static func show(_ job: String, _ client: TallyClient, _ terminal: Terminal) async throws {
      let id = try await JobName.resolve(job, client)
      let status = try await client.call(Jobs.status, JobParameters(jobID: id))
      if terminal.json { return terminal.print(status.json) }
      let ink = Style.ink(of: status.state)
      if status.state.isFinal { return terminal.printText(Outcome.text(status), ink) }
      let line = ProgressLine(
        status: status, rowsPerSecond: Double(status.progress.rowsPerSecond),
        elapsedSeconds: (Elapsed.milliseconds(status) ?? 0) / 1_000,
        hasBar: false)
      terminal.printText(line.text(width: terminal.output.size?.columns), ink)
    }
  }
#endif
