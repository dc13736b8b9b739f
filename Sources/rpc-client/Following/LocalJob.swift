#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  /// A job whose inputs may be files of this machine: it is submitted before they are sent, and waits for them. Whatever goes wrong
  /// until they are, the job doesn't wait for what never comes, and nothing stays on the server.
  struct LocalJob: Sendable {
    let client: TallyClient
    let terminal: Terminal
    let interrupts: Interrupts
    let parameters: SubmitParameters
    let uploads: LocalUploads

    /// Begins the uploads.
    ///
    /// - Throws: ``RPCError`` when a file can't be read; ``RPCClientError``.
    init(
      _ client: TallyClient, _ terminal: Terminal, _ interrupts: Interrupts, spec: SpecOptions, output: String?,
      key: String
    ) async throws {
      (self.client, self.terminal, self.interrupts) = (client, terminal, interrupts)
      uploads = try await LocalInputs(spec.inputs).begin(client)
      parameters = try spec.parameters(inputs: uploads.inputs, output: output, key: key)
    }

    /// - Throws: as `Submission.send`.
    func submit(key: String) async throws -> JobStatus {
      do {
        return try await Submission(
          client: client, terminal: terminal, parameters: parameters, key: uploads.items.isEmpty ? key : nil
        ).send(interrupts)
      } catch {
        await giveUp()
        throw error
      }
    }

    private enum Ending: Sendable {
      case sent
      /// The job has ended without its input: somebody has cancelled it.
      case jobEnded
      case interrupted
    }

    /// Sends everything, and shows how far that is.
    ///
    /// - Throws: `ExitCode` 130 on an interrupt; ``RPCError`` and ``RPCClientError``. Then the job has been cancelled.
    func send(_ job: String) async throws {
      do {
        for item in uploads.items {
          let display = UploadDisplay(terminal, name: item.path, bytes: item.bytes)
          switch try await send(item, display, job) {
          case .sent: display.end()
          case .jobEnded: return terminal.live.clear()
          case .interrupted: throw ExitCode(130)
          }
        }
      } catch {
        terminal.live.clear()
        await giveUp(job)
        throw error
      }
    }

    private func send(_ item: LocalUploads.Item, _ display: UploadDisplay, _ job: String) async throws -> Ending {
      try await withThrowingTaskGroup(of: Ending?.self) { group in
        defer { group.cancelAll() }
        group.addTask {
          try await item.send(client, item.upload) { display.show($0) }
          return .sent
        }
        group.addTask {
          try await display.draw()
          return nil
        }
        group.addTask { await interrupts.first() ? .interrupted : nil }
        group.addTask {
          // A stream that can't be had is no reason not to send.
          try? await hasEnded(job) == true ? .jobEnded : nil
        }
        while let ending = try await group.next() { if let ending { return ending } }
        throw CancellationError()
      }
    }

    private func hasEnded(_ job: String) async throws -> Bool {
      for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: job)) {
        if case .result = item { return true }
      }
      return false
    }

    /// Cancels a job whose input will never be whole, and removes what is there of it.
    ///
    /// - Parameter job: nil: whether the server has one isn't known.
    private func giveUp(_ job: String? = nil) async {
      if uploads.items.isEmpty { return }
      // Also for a task that has been cancelled.
      let cancelled = await Task {
        guard let job else { return await cancelUnknown() }
        return (try? await client.call(Jobs.cancel, JobParameters(jobID: job), deadlineMilliseconds: 5_000)) != nil
      }.value
      if let job {
        terminal.remark(
          cancelled
            ? "The upload isn't complete: the job \(job) is cancelled."
            : "The upload isn't complete, and the server couldn't be told: rpc-client cancel \(job)")
      }
      await uploads.remove(client)
    }

    /// A submission whose answer was lost may have come: a job that reads what was begun tells, and its key finds it.
    private func cancelUnknown() async -> Bool {
      guard await uploads.remove(client),
        let status = try? await client.call(Jobs.submit, parameters, deadlineMilliseconds: 5_000)
      else { return false }
      return (try? await client.call(Jobs.cancel, JobParameters(jobID: status.jobID), deadlineMilliseconds: 5_000))
        != nil
    }

    /// Removes what was uploaded for a job that has ended.
    func remove() async { await uploads.remove(client) }
  }
#endif
