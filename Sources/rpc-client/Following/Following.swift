#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  /// Follows jobs to their end, as `run`, `watch` and `wait` do: progress, interrupts, time-out, and the exit code.
  struct Following: Sendable {
    let client: TallyClient
    let terminal: Terminal
    let jobIDs: [String]
    var showsProgress = true
    var cancelsOnInterrupt = false
    var timeoutMilliseconds: Int?

    private enum Ending: Sendable {
      case ended([JobStatus])
      case interrupted
      case timeout
    }

    /// - Throws: `ExitCode` when a job hasn't succeeded; ``RPCError``, ``RPCClientError``.
    func run() async throws {
      let interrupts = Interrupts()
      let display = ProgressDisplay(terminal, jobIDs: jobIDs)
      let ending: Ending
      do {
        ending = try await follow(display, interrupts)
      } catch {
        await display.end()
        throw error
      }
      await display.end()
      switch ending {
      case .interrupted: throw ExitCode(130)
      case .timeout:
        throw RPCError(
          .deadlineExceeded, reason: "DEADLINE_EXCEEDED",
          "\(unended) ended within the time-out. \(comeBack)")
      case .ended(let statuses): try finish(statuses)
      }
    }

    private func follow(_ display: ProgressDisplay, _ interrupts: Interrupts) async throws -> Ending {
      try await withThrowingTaskGroup(of: Ending?.self) { group in
        defer { group.cancelAll() }
        group.addTask { .ended(try await follow(display)) }
        if showsProgress {
          group.addTask {
            await display.draw()
            return nil
          }
        }
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
    }

    private func follow(_ display: ProgressDisplay) async throws -> [JobStatus] {
      guard let jobID = jobIDs.first, jobIDs.count == 1 else { return try await followAll(display) }
      for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: jobID)) {
        switch item {
        case .event(let event): if showsProgress { await display.show(event.status) }
        case .result(let status): return [status]
        }
      }
      throw CancellationError()
    }

    /// On one connection.
    private func followAll(_ display: ProgressDisplay) async throws -> [JobStatus] {
      for try await item in client.stream(Jobs.watch, WatchParameters(jobIDs: jobIDs)) {
        switch item {
        case .event(let event): if showsProgress { await display.show(event.status) }
        case .result(let page): return page.jobs
        }
      }
      throw CancellationError()
    }

    /// The first Ctrl-C leaves the jobs and says how to come back; a second one within two seconds cancels them.
    ///
    /// - Returns: nil when they have been cancelled, and their end will come.
    private func onInterrupt(_ interrupts: Interrupts) async throws -> Ending? {
      var signals = interrupts.signals.makeAsyncIterator()
      guard await signals.next() != nil else { return nil }
      if !cancelsOnInterrupt {
        terminal.remark("\n\(comeBack)\nPress Ctrl-C again to cancel \(jobIDs.count == 1 ? "the job" : "the jobs").")
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
      var failure: (any Error)?
      for jobID in jobIDs {
        terminal.remark("Cancelling the job \(jobID).")
        // One that can't be cancelled leaves the others to be.
        do {
          _ = try await client.call(Jobs.cancel, JobParameters(jobID: jobID))
        } catch {
          failure = error
        }
      }
      if let failure { throw failure }
      return nil
    }

    private var comeBack: String {
      "\(jobIDs.count == 1 ? "The job goes" : "The jobs go") on. Come back with: rpc-client watch "
        + jobIDs.joined(separator: " ")
    }

    private var unended: String {
      jobIDs.count == 1 ? "The job \(jobIDs[0]) hasn't" : "Not all of the \(jobIDs.count) jobs have"
    }

    private func finish(_ statuses: [JobStatus]) throws {
      for status in statuses {
        if terminal.json {
          terminal.print(status.json)
        } else {
          let name = statuses.count > 1 ? "\(status.jobID) " : ""
          terminal.remark(name + Following.summary(status), Style.ink(of: status.state))
        }
      }
      if statuses.contains(where: { $0.state == .failed }) { throw ExitCode(1) }
      if statuses.contains(where: { $0.state == .cancelled }) { throw ExitCode(2) }
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
