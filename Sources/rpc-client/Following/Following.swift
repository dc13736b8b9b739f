#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema
  import Synchronization

  /// Follows jobs to their end, as `run`, `watch` and `wait` do: progress, interrupts, time-out, and the exit code.
  struct Following: Sendable {
    /// What Ctrl-C does to the jobs.
    enum Cancels: Hashable, Sendable {
      /// They go on, and the command ends at once.
      case never
      /// The second within two seconds cancels them.
      case onTheSecond
      case atOnce
    }

    let client: TallyClient
    let terminal: Terminal
    let jobIDs: [String]
    var showsProgress = true
    var cancels = Cancels.never
    var timeoutMilliseconds: Int?
    /// Where the answer goes, if not to the output's name.
    var shownOutput: String?

    private enum Ending: Sendable {
      case ended(JobPage)
      case interrupted
      case timeout
    }

    /// - Returns: the jobs' last statuses: all have succeeded.
    /// - Throws: `ExitCode` when a job hasn't succeeded; ``RPCError``, ``RPCClientError``.
    @discardableResult
    func run(_ interrupts: Interrupts) async throws -> [JobStatus] {
      let display = ProgressDisplay(terminal, jobIDs: jobIDs, isShown: showsProgress)
      let ending: Ending
      do {
        ending = try await follow(display, interrupts)
      } catch {
        await display.end()
        throw error
      }
      await display.end()
      switch ending {
      case .interrupted:
        terminal.remark("\n\(await comeBack(display))")
        throw ExitCode(130)
      case .timeout:
        let left = await display.unended
        let job = jobIDs.count == 1 ? "The job hasn't" : "\(left.count) of the \(jobIDs.count) jobs haven't"
        throw RPCError(
          .deadlineExceeded, reason: "DEADLINE_EXCEEDED", "\(job) ended within the time-out. \(await comeBack(display))"
        )
      case .ended(let page): return try finish(page)
      }
    }

    private func follow(_ display: ProgressDisplay, _ interrupts: Interrupts) async throws -> Ending {
      try await withThrowingTaskGroup(of: Ending?.self) { group in
        defer { group.cancelAll() }
        group.addTask { .ended(try await follow(display)) }
        group.addTask {
          await display.draw()
          return nil
        }
        group.addTask { try await onInterrupt(display, interrupts) }
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

    private func follow(_ display: ProgressDisplay) async throws -> JobPage {
      guard let jobID = jobIDs.first, jobIDs.count == 1 else { return try await followAll(display) }
      for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: jobID)) {
        switch item {
        case .event(let event): await display.show(event.status)
        case .result(let status): return JobPage(jobs: [status])
        }
      }
      throw CancellationError()
    }

    /// On one connection.
    private func followAll(_ display: ProgressDisplay) async throws -> JobPage {
      for try await item in client.stream(Jobs.watch, WatchParameters(jobIDs: jobIDs)) {
        switch item {
        case .event(let event): await display.show(event.status)
        case .result(let page): return page
        }
      }
      throw CancellationError()
    }

    /// - Returns: nil when the jobs have been cancelled, and their end will come.
    private func onInterrupt(_ display: ProgressDisplay, _ interrupts: Interrupts) async throws -> Ending? {
      guard await interrupts.first() else { return nil }
      if cancels == .never { return .interrupted }
      if cancels == .onTheSecond {
        terminal.remark("\nPress Ctrl-C again to cancel the job.")
        guard await hasSecond(interrupts) else { return .interrupted }
      }
      for jobID in jobIDs {
        terminal.remark("Cancelling the job \(jobID).")
        _ = try await client.call(Jobs.cancel, JobParameters(jobID: jobID))
      }
      return nil
    }

    private func hasSecond(_ interrupts: Interrupts) async -> Bool {
      await withTaskGroup(of: Bool.self) { group in
        group.addTask { await interrupts.first() }
        group.addTask {
          try? await Task.sleep(for: .seconds(2))
          return false
        }
        defer { group.cancelAll() }
        return await group.next() ?? false
      }
    }

    /// About those that haven't ended.
    private func comeBack(_ display: ProgressDisplay) async -> String {
      let left = await display.unended
      if left.isEmpty { return "\(jobIDs.count == 1 ? "The job has" : "All jobs have") ended meanwhile." }
      return "\(left.count == 1 ? "The job goes" : "The jobs go") on. Come back with: rpc-client watch "
        + left.joined(separator: " ")
    }

    private func finish(_ page: JobPage) throws -> [JobStatus] {
      for status in page.jobs {
        if terminal.json {
          terminal.print(status.json)
        } else {
          let name = jobIDs.count > 1 ? "\(status.jobID) " : ""
          terminal.remark(name + Outcome.text(status, output: shownOutput), Style.ink(of: status.state))
        }
      }
      if let missing = page.missing, let first = missing.first {
        throw RPCError(
          .notFound, reason: "JOB_NOT_FOUND",
          missing.count == 1
            ? "There is no job '\(first)'." : "\(missing.count) of the jobs don't exist, such as '\(first)'.")
      }
      if page.jobs.contains(where: { $0.state == .failed }) { throw ExitCode(1) }
      if page.jobs.contains(where: { $0.state == .cancelled }) { throw ExitCode(2) }
      if page.jobs.contains(where: Outcome.isUnpublished) { throw ExitCode(RPCStatus.failedPrecondition.exitCode) }
      return page.jobs
    }
  }
#endif
