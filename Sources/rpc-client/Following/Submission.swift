#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  /// Submits a job. Whoever interrupts that before the answer has come doesn't know whether the server has the job; the key
  /// finds it.
  struct Submission: Sendable {
    let client: TallyClient
    let terminal: Terminal
    let parameters: SubmitParameters
    /// Nil: the same command would submit another job.
    let key: String?

    /// - Throws: `ExitCode` 130 on an interrupt; ``RPCError`` and ``RPCClientError``, with the options' names.
    func send(_ interrupts: Interrupts) async throws -> JobStatus {
      do {
        return try await withThrowingTaskGroup(of: JobStatus?.self) { group in
          defer { group.cancelAll() }
          group.addTask { try await client.call(Jobs.submit, parameters) }
          group.addTask {
            await interrupts.first()
            return nil
          }
          if let job = try await group.next() ?? nil { return job }
          guard let key else { throw ExitCode(130) }
          terminal.remark(
            """

            The server may have the job already. The same command with --key \(key) finds it, or submits it once; \
            rpc-client list shows it too.
            """)
          throw ExitCode(130)
        }
      } catch RPCClientError.remote(let error) {
        throw RPCClientError.remote(OptionNames.translated(error))
      }
    }
  }
#endif
