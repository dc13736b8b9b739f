import JobQueue
import Logging
import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Runner {
  /// How a run has ended, as far as its worker knows.
  private enum Ending {
    case result(SealedResult, JobProgress)
    case failed(JobFailure)
    /// Asked to end, by a cancellation or because the runner stops.
    case interrupted
    /// Another worker has the job: nothing of this run counts.
    case fenced
  }

  /// Runs one claimed job to its end and writes that to the store.
  func perform(_ job: JobRecord) async {
    var logger = logger
    logger[metadataKey: "job"] = "\(job.id)"
    logger[metadataKey: "epoch"] = "\(job.epoch)"
    logger.info("the job runs", metadata: ["input": "\(job.spec.input)", "rescues": "\(job.rescues)"])
    Failpoint.claimed.reach()
    let ending = await runToEnd(job, logger)
    if case .result = ending { Failpoint.resultWritten.reach() }
    // From here on nothing may be cut short: the job's state depends on it.
    await Task(executorPreference: taskExecutor) { await settle(job, ending, logger) }.value
  }

  private func runToEnd(_ job: JobRecord, _ logger: Logger) async -> Ending {
    // This worker knows all features that the job needs and still can't read it, so other workers couldn't either.
    if let failure = job.unreadableFailure { return .failed(failure) }
    if job.spec.memoryBytes > memory.totalBytes {
      return .failed(
        JobFailure(
          .resourceExhausted, reason: "MEMORY_POOL",
          "The job asks for \(job.spec.memoryBytes) bytes (memoryBytes), and all jobs of this server share "
            + "\(memory.totalBytes) (--memory). Ask for less, or give the server more."))
    }
    let run: any JobRun
    do {
      let stage = try storage.stage(job: job.id, epoch: job.epoch)
      Failpoint.resultNamed.reach()
      run = try engine.prepare(job, stage: stage)
    } catch {
      return .failed(Runner.failure(error))
    }
    return await withTaskGroup(of: Ending?.self) { group in
      group.addTask {
        do {
          guard let inputs = try await startReading(run, of: job, logger) else { return .fenced }
          let result = try await run.perform(reading: inputs)
          return .result(result, run.progress)
        } catch is CancellationError {
          return .interrupted
        } catch {
          return .failed(Runner.failure(error))
        }
      }
      group.addTask { await report(run, of: job, logger) ? .fenced : nil }
      var fenced = false
      while let ending = await group.next() {
        switch ending {
        case .fenced?: fenced = true
        case nil: break
        case let ending?:
          group.cancelAll()
          return fenced ? .fenced : ending
        }
        // The reporter has ended first: it wants the run to end.
        group.cancelAll()
      }
      return .interrupted
    }
  }

  /// Finds the files that a run reads, and notes them, so that no other job writes one of them meanwhile.
  ///
  /// - Returns: nil when another worker has the job.
  private func startReading(
    _ run: any JobRun, of job: JobRecord, _ logger: Logger
  ) async throws -> [InputReading]? {
    while true {
      // Looked up again after each wait: files come and go meanwhile.
      let found = try run.findInputs()
      do {
        switch try await store.startReading(job.id, epoch: job.epoch, found) {
        case .reads(let inputs) where inputs.isEmpty: throw Runner.nothingLeft(of: job)
        case .reads(let inputs): return inputs
        case .stale: return nil
        }
      } catch let error as StoreUnavailable {
        logger.warning("the store doesn't take what the job reads", metadata: ["error": "\(error)"])
        try await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  private static func nothingLeft(of job: JobRecord) -> JobFailure {
    JobFailure(
      .notFound, reason: "INPUT_NOT_FOUND",
      "\(job.spec.input): other unfinished jobs write every file that matches this. Submit the job again when they have ended.",
      file: job.spec.input)
  }

  /// Renews the lease until the run ends or shall end. A store that is away changes nothing: as long as nobody else has
  /// claimed the job, its holder goes on.
  ///
  /// - Returns: whether another worker has the job now.
  private func report(_ run: any JobRun, of job: JobRecord, _ logger: Logger) async -> Bool {
    while (try? await Task.sleep(for: .milliseconds(configuration.reportMilliseconds))) != nil {
      do {
        switch try await store.renew(job.id, epoch: job.epoch, progress: run.progress) {
        case .applied(let now): if now.cancelRequested { return false }
        case .stale: return true
        }
      } catch JobStoreError.notFound {
        return true
      } catch {
        logger.warning("the store takes no progress", metadata: ["error": "\(error)"])
      }
    }
    return false
  }

  private func settle(_ job: JobRecord, _ ending: Ending, _ logger: Logger) async {
    var pause = 100
    while true {
      do {
        try await write(ending, of: job, logger)
        return
      } catch JobStoreError.notFound {
        // Deleted meanwhile: there is nothing to write to. The janitor finds the file.
        return logger.notice("the job isn't there any more")
      } catch {
        // Whether the write was carried out isn't known; it is safe to repeat, and until the store answers nothing is
        // removed.
        logger.warning("the store can't record the run's end", metadata: ["error": "\(error)"])
        guard await waitToRepeat(milliseconds: pause) else {
          return logger.warning("the job is left to its lease: another worker claims it when that has expired")
        }
        pause = min(pause * 2, 5_000)
      }
    }
  }

  /// Waits before a write is repeated, in steps short enough that a stop is noticed.
  ///
  /// - Returns: false when there is no time left for it.
  private func waitToRepeat(milliseconds: Int) async -> Bool {
    let end = ContinuousClock.now + .milliseconds(milliseconds)
    repeat {
      switch configuration.shutdown.afterFailedWrite(
        pauseMilliseconds: min(milliseconds, 200), sinceStopMilliseconds: stop.elapsedMilliseconds)
      {
      case .giveUp: return false
      case .repeatAfter(let step): try? await Task.sleep(for: .milliseconds(step))
      }
    } while ContinuousClock.now < end
    return true
  }

  private func write(_ ending: Ending, of job: JobRecord, _ logger: Logger) async throws {
    let written: JobLifecycle.WorkerWrite
    switch ending {
    case .result(let result, let progress):
      written = try await store.commit(job.id, epoch: job.epoch, result: result, progress: progress)
      Failpoint.committed.reach()
    case .failed(let failure):
      if JobLifecycle.isMachinesOwn(failure) { pause.begin() }
      written = try await store.fail(job.id, epoch: job.epoch, failure: failure)
    case .interrupted: written = try await store.release(job.id, epoch: job.epoch)
    case .fenced:
      logger.notice("another worker has the job; this run is given up")
      return
    }
    switch written {
    case .applied(let now), .stale(let now):
      logger.info("the run has ended", metadata: ["state": "\(now.state)", "error": "\(now.error?.message ?? "none")"])
      if now.isPublishing, let output = now.spec.output { await publisher.publish(output: output) }
    }
  }

  static func failure(_ error: any Error) -> JobFailure {
    if let failure = error as? JobFailure { return failure }
    if let error = error as? SystemCallError {
      if error.number == EMFILE || error.number == ENFILE { return .noDescriptors() }
      return JobFailure(.unavailable, reason: "DATA_FOLDER_FAILED", "The data folder can't be written (\(error)).")
    }
    return JobFailure(.internal, reason: "INTERNAL", "The job met an unexpected error: \(error).")
  }
}
