#if Server
  import ArgumentParser
  import Foundation
  import RPCClient
  import Schema

  /// Follows a job to its end, as `run`, `watch` and `wait` do: progress, interrupts, time-out, and the exit code.
  struct Following: Sendable {
    let client: TallyClient
    let terminal: Terminal
    let jobID: String
    var showsProgress = true
    var cancelsOnInterrupt = false
    var timeoutMilliseconds: Int?

    private enum Ending: Sendable {
      case ended(JobStatus)
      case interrupted
      case timeout
    }

    /// - Throws: `ExitCode` when the job hasn't succeeded; ``RPCError``.
    func run() async throws {
      let interrupts = Interrupts()
      let ending = try await withThrowingTaskGroup(of: Ending?.self) { group in
        defer { group.cancelAll() }
        group.addTask { .ended(try await follow()) }
        group.addTask { try await onInterrupt(interrupts) }
        if let timeoutMilliseconds {
          group.addTask {
            try await Task.sleep(for: .milliseconds(timeoutMilliseconds))
            return .timeout
          }
        }
        while let ending = try await group.next() { if let ending { return ending } }
        return .interrupted
      }
      switch ending {
      case .interrupted: throw ExitCode(130)
      case .timeout:
        throw RPCError(
          .deadlineExceeded, reason: "DEADLINE_EXCEEDED",
          "The job \(jobID) hasn't ended within the time-out. It goes on; come back with: rpc-client watch \(jobID)")
      case .ended(let status): try finish(status)
      }
    }

    private func follow() async throws -> JobStatus {
      var display = ProgressDisplay(terminal)
      for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: jobID)) {
        switch item {
        case .event(let event): if showsProgress { display.show(event.status) }
        case .result(let status):
          display.end()
          return status
        }
      }
      throw CancellationError()
    }

    /// The first Ctrl-C leaves the job and says how to come back; a second one within two seconds cancels it.
    ///
    /// - Returns: nil when the job has been cancelled, and its end will come.
    private func onInterrupt(_ interrupts: Interrupts) async throws -> Ending? {
      var signals = interrupts.signals.makeAsyncIterator()
      guard await signals.next() != nil else { return nil }
      if !cancelsOnInterrupt {
        terminal.remark(
          "\nThe job goes on. Come back with: rpc-client watch \(jobID)\nPress Ctrl-C again to cancel the job.")
        let second = await withTaskGroup(of: Bool.self) { group in
          group.addTask { await interrupts.second.next() }
          group.addTask {
            try? await Task.sleep(for: .seconds(2))
            return false
          }
          defer { group.cancelAll() }
          return await group.next() ?? false
        }
        if !second { return .interrupted }
      }
      terminal.remark("Cancelling the job \(jobID).")
      _ = try await client.call(Jobs.cancel, JobParameters(jobID: jobID))
      return nil
    }

    private func finish(_ status: JobStatus) throws {
      if terminal.json {
        terminal.print(status.json)
      } else {
        terminal.remark(Following.summary(status))
      }
      switch status.state {
      case .failed: throw ExitCode(1)
      case .cancelled: throw ExitCode(2)
      default: return
      }
    }

    /// The outcome in a sentence.
    static func summary(_ status: JobStatus) -> String {
      switch status.state {
      case .succeeded:
        let result = status.result.map { " \($0.rows) rows, \(ByteCount.text($0.bytes)), SHA-256 \($0.sha256)" } ?? ""
        let published = status.published ? "" : "\n" + (status.error?.message ?? "The output isn't published yet.")
        return "succeeded: \(status.output):\(result)\(published)"
      case .failed: return "failed: \(status.error?.message ?? "no reason was given")"
      default: return status.state.rawValue
      }
    }
  }
#endif
