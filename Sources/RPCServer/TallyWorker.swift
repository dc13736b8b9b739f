import EngineLocal
public import JobQueue
import JobRunner
public import Logging
public import ServiceLifecycle
public import Storage
public import TallySchema
public import Uploads

/// What does the jobs: the runner and its housekeeping, as one service, in a server or in a process of its own.
///
/// At shutdown running jobs go back to the queue.
public struct TallyWorker: Service {
  public struct Configuration: Sendable {
    /// For what doesn't fit in memory.
    public var spillFolder: String
    /// Bytes that all running jobs share.
    public var memoryBytes: Int
    /// 0: other processes do the jobs.
    public var jobsAtOnce: Int
    /// As it stands in leases and logs.
    public var name: String
    /// Other processes do jobs of the same store: what is too large for this one is left to them.
    public var hasOtherWorkers: Bool
    /// Who may read results, as the system's bits of a file's mode.
    public var resultMode: UInt32 = 0o444
    public var limits: Limits

    public init(
      spillFolder: String, memoryBytes: Int, jobsAtOnce: Int = 2, name: String = "worker",
      hasOtherWorkers: Bool = false,
      limits: Limits = .standard
    ) {
      self.spillFolder = spillFolder
      self.memoryBytes = memoryBytes
      self.jobsAtOnce = jobsAtOnce
      self.name = name
      self.hasOtherWorkers = hasOtherWorkers
      self.limits = limits
    }
  }

  private let configuration: Configuration
  private let store: any JobStore & UploadStore
  private let storage: any InputStorage & UploadStorage
  private let memory: MemoryPool
  private let logger: Logger
  /// On which everything that it does with files is done: for each job, and for the housekeeping.
  private let threads: FileThreads

  public init(
    _ configuration: Configuration, store: any JobStore & UploadStore, storage: any InputStorage & UploadStorage,
    logger: Logger
  ) {
    self.init(
      configuration, store: store, storage: storage, memory: MemoryPool(totalBytes: configuration.memoryBytes),
      logger: logger)
  }

  init(
    _ configuration: Configuration, store: any JobStore & UploadStore, storage: any InputStorage & UploadStorage,
    memory: MemoryPool,
    logger: Logger
  ) {
    self.configuration = configuration
    self.store = store
    self.storage = storage
    self.memory = memory
    self.logger = logger
    // One for each job, one for the housekeeping and one for the look at the folder before a claim can wait for a disk. The
    // last one is for what never does, such as the store's actors, which run where their callers do.
    threads = FileThreads(configuration.jobsAtOnce + 3)
  }

  /// Works until it is told to shut down gracefully, or its task is cancelled.
  public func run() async throws {
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: services, logger: logger))
    let outcome = await TallyWorker.outcome(of: group)
    await shutDown()
    try outcome.get()
  }

  static func outcome(of group: ServiceGroup) async -> Result<Void, any Error> {
    do {
      return .success(try await group.run())
    } catch {
      return .failure(error)
    }
  }

  /// Ends its threads, when its services have ended.
  func shutDown() async { await threads.shutDown() }

  /// The last one is shut down first.
  var services: [any Service] {
    let housekeeping = Housekeeping(
      store: store, storage: storage, limits: configuration.limits, logger: logger)
    var services: [any Service] = [
      LoopService { [threads] in await withTaskExecutorPreference(threads) { await housekeeping.run() } }
    ]
    if configuration.jobsAtOnce > 0 {
      let runner = makeRunner()
      services.append(LoopService { [threads] in await withTaskExecutorPreference(threads) { await runner.run() } })
    }
    return services
  }

  private func makeRunner() -> Runner {
    var runner = Runner.Configuration(
      worker: configuration.name, jobsAtOnce: configuration.jobsAtOnce,
      shutdown: ShutdownPlan(totalMilliseconds: configuration.limits.drainMilliseconds))
    runner.leavesLargerJobs = configuration.hasOtherWorkers
    return Runner(
      store: store,
      engine: LocalEngine(
        inputs: UploadedInputs(
          storage, segments: storage, store: store, permissions: configuration.resultMode),
        spillFolder: configuration.spillFolder, resultMode: configuration.resultMode,
        limits: configuration.limits),
      storage: storage, memory: memory, configuration: runner, taskExecutor: threads, logger: logger)
  }
}
