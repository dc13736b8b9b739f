#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "run", abstract: "Submits a job, shows its progress, and ends with its outcome.",
      discussion: """
        A file of this machine is uploaded for the job, and removed from the server when the job has ended. With -o - the \
        answer goes to standard output, and nothing of it stays on the server.

          rpc-client run ./plays.csv -o -
          rpc-client run - -o - <plays.csv >sums.csv

        Ctrl-C leaves the job running and says how to come back; a second Ctrl-C within two seconds cancels it. A job that \
        was submitted under a --key of yours, which another command may have submitted, is never cancelled. While a file of \
        this machine is being sent, the first Ctrl-C cancels the job: its input would never be whole.
        """)

    @OptionGroup var spec: SpecOptions
    @Flag(help: "Ctrl-C cancels the job at once.") var cancelOnInterrupt = false
    @OptionGroup var global: GlobalOptions

    private var isPiped: Bool { spec.output == "-" }

    func validate() throws {
      guard isPiped else { return }
      if spec.onBadRow == "collect" {
        throw ValidationError("--on-bad-row collect writes a second file beside the answer: give -o a name.")
      }
      if try global.settings().flag(.json) {
        throw ValidationError("-o - writes the answer to standard output, where --json writes too: use one of them.")
      }
    }

    func run() async throws {
      let key = spec.idempotencyKey()
      let output = isPiped ? nil : spec.output
      _ = try spec.parameters(inputs: LocalInputs.standIns(spec.inputs), output: output, key: key)
      let (timeout, isPiped) = (try global.timeoutMilliseconds(), isPiped)
      let cancels: Following.Cancels = spec.key != nil ? .never : cancelOnInterrupt || isPiped ? .atOnce : .onTheSecond
      try await global.withClient { [spec] client, terminal in
        let (interrupts, start) = (Interrupts(), ContinuousClock.now)
        let local = try await LocalJob(client, terminal, interrupts, spec: spec, output: output, key: key)
        let job = try await local.submit(key: key)
        // Before anything else: with it, the job can be found again whatever happens here.
        if isPiped {
          terminal.remark(job.jobID, .dim)
        } else if terminal.json {
          terminal.print(job.json)
        } else {
          terminal.print(job.jobID)
        }
        try await local.send(job.jobID)
        var following = Following(client: client, terminal: terminal, jobIDs: [job.jobID])
        following.cancels = cancels
        let passed = Int((ContinuousClock.now - start) / .milliseconds(1))
        following.timeoutMilliseconds = timeout.map { max(1, $0 - passed) }
        if isPiped { following.shownOutput = "standard output" }
        let ended: [JobStatus]
        do {
          ended = try await following.run(interrupts)
        } catch {
          // A job that goes on keeps what it reads.
          await local.remove()
          throw error
        }
        await local.remove()
        guard isPiped else {
          if output == nil {
            terminal.remark("rpc-client result \(job.jobID) downloads the answer.", .dim)
          }
          return
        }
        guard let result = ended.first?.result else { return }
        // A job under a key of the user's may be another command's too.
        try await RunCommand.print(result, of: job.jobID, client, interrupts, deletes: cancels != .never)
      }
    }

    /// Writes an answer to standard output, and removes it from the server, however the writing ends.
    private static func print(
      _ result: JobResult, of job: String, _ client: TallyClient, _ interrupts: Interrupts, deletes: Bool
    ) async throws {
      let ending: Result<Void, any Error>
      do {
        try await withThrowingTaskGroup(of: Void.self) { group in
          defer { group.cancelAll() }
          group.addTask {
            try await Download(result).run(client) { bytes in
              if let code = Terminal.write(bytes, to: 1) { throw OutputProblem(code: code) }
            }
          }
          group.addTask { if await interrupts.first() { throw ExitCode(130) } }
          try await group.next()
        }
        ending = .success(())
      } catch {
        ending = .failure(error)
      }
      if deletes { _ = try? await client.call(Jobs.delete, JobParameters(jobID: job)) }
      do {
        try ending.get()
      } catch let problem as OutputProblem {
        Terminal.end(problem)
      }
    }
  }
#endif
