#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "Prints a job's state, and how far it is.")

    @OptionGroup var job: JobReference
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let job = job
      try await global.withClient { client, terminal in
        let id = try await job.resolve(client)
        let status = try await client.call(Jobs.status, JobParameters(jobID: id))
        if terminal.json { return terminal.print(status.json) }
        terminal.print(
          status.state.isFinal
            ? Following.summary(status)
            : ProgressDisplay.line(
              status, rowsPerSecond: Double(status.progress.rowsPerSecond),
              elapsedSeconds: Int(status.startedAt.map { (Timestamp.now.milliseconds - $0.milliseconds) / 1_000 } ?? 0),
              hasBar: false))
      }
    }
  }
#endif
