#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "cancel", abstract: "Cancels a job, and ends when its work has stopped.")

    @OptionGroup var job: JobReference
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let job = job
      try await global.withClient { client, terminal in
        let id = try await job.resolve(client)
        var status = try await client.call(Jobs.cancel, JobParameters(jobID: id))
        if !status.state.isFinal {
          for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: id)) {
            if case .result(let last) = item { status = last }
          }
        }
        if terminal.json {
          terminal.print(status.json)
        } else {
          terminal.printText(status.state.rawValue, Style.ink(of: status.state))
        }
        if status.state != .cancelled {
          terminal.remark("The job had ended before: it is \(status.state.rawValue).")
          throw ExitCode(RPCStatus.failedPrecondition.exitCode)
        }
      }
    }
  }
#endif
