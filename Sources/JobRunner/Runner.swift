public import JobQueue
public import Logging
public import Storage
import TallySchema

/// Claims jobs and runs them, several at a time, until its task is cancelled; then the jobs that it runs go back to the
/// queue at no cost.
public struct Runner: Sendable {
  public struct Configuration: Sendable {
    /// As it stands in the lease.
    public var worker: String
    /// Jobs at a time.
    public var jobsAtOnce: Int
    /// Between two looks at the queue, whatever the signal says.
    public var pollMilliseconds: Int
    /// Between two reports of a run's progress, each of which renews the lease and hears of a cancellation.
    public var reportMilliseconds: Int
    /// Jobs that need more memory than all of this runner's are left to other workers of the store.
    public var leavesLargerJobs = false
    /// How long jobs are given back when the runner stops.
    public var shutdown: ShutdownPlan

    public init(
      worker: String, jobsAtOnce: Int = 2, pollMilliseconds: Int = 1_000, reportMilliseconds: Int = 250,
      shutdown: ShutdownPlan
    ) {
      self.shutdown = shutdown
      self.worker = worker
      self.jobsAtOnce = jobsAtOnce
      self.pollMilliseconds = pollMilliseconds
      self.reportMilliseconds = reportMilliseconds
    }
  }

  let store: any JobStore
  let engine: any JobEngine
  let storage: any OutputStorage
  let publisher: OutputPublisher
  let memory: MemoryPool
  let configuration: Configuration
  let logger: Logger
  /// While the machine lacks something that no job can do without.
  let pause = ClaimPause()
  let stop = StopClock()
  /// For tasks that aren't children of the one that runs the runner, which has it already.
  let taskExecutor: (any TaskExecutor)?

  public init(
    store: any JobStore, engine: any JobEngine, storage: any OutputStorage, memory: MemoryPool,
    configuration: Configuration, taskExecutor: (any TaskExecutor)? = nil,
    logger: Logger = Logger(label: "tally.runner")
  ) {
    self.taskExecutor = taskExecutor
    self.store = store
    self.engine = engine
    self.storage = storage
    self.memory = memory
    self.configuration = configuration
    self.logger = logger
    publisher = OutputPublisher(storage: storage, store: store, logger: logger)
  }

  /// Runs until the task is cancelled. Every job that it started has been given back or ended when it returns; those that
  /// the store didn't take back in time are left to their leases.
  public func run() async {
    await withTaskCancellationHandler {
      await runJobs()
    } onCancel: {
      stop.begin()
    }
  }

  private func runJobs() async {
    let (wakeups, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let slots = RunnerSlots(configuration.jobsAtOnce)
    await withDiscardingTaskGroup { group in
      group.addTask { for await _ in store.changes.wakeups() { wake.yield() } }
      group.addTask {
        // The pause is random, so that workers that started together don't poll together. It is at most nine tenths of
        // the poll interval, which leaves time for the query.
        let most = configuration.pollMilliseconds * 9 / 10
        while (try? await Task.sleep(for: .milliseconds(Int.random(in: most / 2...most)))) != nil { wake.yield() }
      }
      for await _ in wakeups {
        while !Task.isCancelled, slots.take() {
          guard let job = await claim(isFirst: slots.isFirst) else {
            slots.giveBack()
            break
          }
          memory.take(job.spec.memoryBytes)
          group.addTask {
            await perform(job)
            memory.giveBack(job.spec.memoryBytes)
            slots.giveBack()
            wake.yield()
          }
        }
      }
      group.cancelAll()
    }
  }

  /// - Parameter isFirst: nothing else runs. A job that needs more than the whole pool is claimed then as well, and
  ///   fails: else it would stand at the head of the queue for ever.
  private func claim(isFirst: Bool) async -> JobRecord? {
    if pause.isOn { return nil }
    do throws(JobFailure) {
      try storage.checkInPlace()
    } catch {
      pause.begin()
      logger.error("jobs wait", metadata: ["reason": "\(error.message)"])
      return nil
    }
    do {
      return try await store.claim(
        worker: configuration.worker,
        offer: configuration.leavesLargerJobs
          ? WorkerOffer(freeBytes: memory.freeBytes, mostBytes: memory.totalBytes)
          : WorkerOffer(freeBytes: isFirst ? .max : memory.freeBytes))
    } catch is CancellationError {
      return nil
    } catch {
      logger.warning("the store gives no job", metadata: ["error": "\(error)"])
      return nil
    }
  }
}
