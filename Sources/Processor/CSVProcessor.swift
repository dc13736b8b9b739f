public import Storage
import Synchronization
public import TallySchema

/// What a job reads and where its result goes, and how the work is cut. The answer is the same for every cut.
public struct ProcessingPlaces: Sendable {
  public var inputs: [Input]
  /// One file, and how it is called in messages.
  public struct Input: Sendable {
    public var name: String
    public var open: InputOpener

    public init(name: String, open: @escaping InputOpener) {
      self.name = name
      self.open = open
    }
  }

  /// Where the result is written.
  public var stage: any ResultStage
  /// Who may read the result, as the system's bits of a file's mode: those that no input's mode has are left out.
  public var resultMode: UInt32 = 0o444
  /// The folder for spilled partitions.
  public var spillFolder: String
  /// Threads that parse and sort; nil: one for each processor.
  public var threads: Int?
  /// Bytes that are read at once; nil: about a mebibyte.
  public var blockBytes: Int?
  /// How rows are grouped; nil: as a sample of them suggests.
  var grouping: GroupingCut?

  public init(
    inputs: [Input], stage: any ResultStage, spillFolder: String, threads: Int? = nil, blockBytes: Int? = nil
  ) {
    self.inputs = inputs
    self.stage = stage
    self.spillFolder = spillFolder
    self.threads = threads
    self.blockBytes = blockBytes
  }
}

/// A way of grouping rows that a sample would otherwise choose.
struct GroupingCut: Hashable, Sendable {
  /// At most.
  var partitions: Int
  /// The slots of each dictionary, a power of two; nil: rows aren't coded.
  var dictionarySlots: Int?
  /// Numbers below this have cells; nil: none has.
  var cellLimit: Int?
}

/// Streams a CSV file, groups and aggregates it in parallel under a hard budget of memory, and writes the groups in
/// order to a file that is durable when ``run()`` returns.
///
/// ```swift
/// let processor = CSVProcessor(spec, places)
/// async let result = processor.run()
/// for await progress in processor.progress { print(progress.bytesRead) }
/// print(try await result.sha256)
/// ```
/// The work runs on threads of its own. Cancelling the task that runs it ends the work at the next block; nothing is
/// left of the result then, nor after an error.
public actor CSVProcessor {
  /// How far the run is, ten times a second; who is slow gets the newest only. Ends with the run.
  public nonisolated let progress: AsyncStream<JobProgress>

  private let spec: JobSpec
  private let places: ProcessingPlaces
  private let limits: Limits
  private let counters = ProgressCounters()
  private let continuation: AsyncStream<JobProgress>.Continuation
  private var hasRun = false

  public init(_ spec: JobSpec, _ places: ProcessingPlaces, limits: Limits) {
    self.spec = spec
    self.places = places
    self.limits = limits
    (progress, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  deinit { continuation.finish() }

  /// How far the run is now.
  public nonisolated func snapshot(secondsSinceStart seconds: Double) -> JobProgress {
    counters.snapshot(seconds: seconds)
  }

  /// Ends the run as soon as its threads look: at most one block or partition later.
  public nonisolated func cancel() { counters.interruption.set() }

  /// Does the work, once.
  ///
  /// - Throws: ``JobFailure`` with file, line, column and rule; `CancellationError`.
  public func run() async throws -> SealedResult {
    precondition(!hasRun, "a processor runs once")
    hasRun = true
    defer { continuation.finish() }
    let start = ContinuousClock.now
    let run = ProcessingRun(spec: spec, places: places, limits: limits, counters: counters)
    let reporter = Task { [counters, continuation] in
      while !Task.isCancelled {
        continuation.yield(counters.snapshot(seconds: start.secondsUntilNow))
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
    let result: Result<SealedResult, any Error>
    do {
      result = .success(
        try await withTaskCancellationHandler {
          try await ThreadGroup.detached { try run.perform() }
        } onCancel: {
          cancel()
        })
    } catch {
      result = .failure(error is ThreadGroup.NoThreads ? ProcessingRun.noThreads : error)
    }
    reporter.cancel()
    await reporter.value
    let sealed = try result.get()
    counters.phase.store(.done, ordering: .relaxed)
    continuation.yield(counters.snapshot(seconds: start.secondsUntilNow))
    return sealed
  }
}

extension ContinuousClock.Instant {
  fileprivate var secondsUntilNow: Double {
    let duration = duration(to: .now)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }
}
