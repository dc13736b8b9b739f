public import JobQueue
import Storage
import StorageConformance
import Synchronization
public import TallySchema
public import Uploads

/// The rules that every store keeps, each a named test. A store's own tests run them all:
///
/// ```swift
/// @Test(arguments: StoreConformance.cases) func keeps(rule: StoreConformance.Case) async throws {
///   try await rule.run(on: SQLiteUnderTest())
/// }
/// ```
public enum StoreConformance {
  public struct Case: Sendable, CustomStringConvertible {
    public let name: String
    let limits: Limits
    let body: @Sendable (StoreHarness) async throws -> Void

    public var description: String { name }

    init(_ name: String, limits: Limits = .standard, _ body: @escaping @Sendable (StoreHarness) async throws -> Void) {
      self.name = name
      self.limits = limits
      self.body = body
    }

    /// - Throws: ``BrokenRule``, which says what was expected and where.
    public func run(on place: any StoreUnderTest) async throws {
      let clock = ManualClock()
      let store = try await place.open(clock: clock, limits: limits)
      try await body(StoreHarness(place: place, store: store, clock: clock, limits: limits))
    }
  }

  public static let cases: [Case] =
    submitting + claiming + racing + fencing + ending + cancelling + upgrading + publishing
    + unnamed + reading + showing + telling + surviving + uploading + joining + pinning
}

/// One store, as its tests start it, end it and take it away.
public protocol StoreUnderTest: Sendable {
  /// Opens the store as a process does: empty at first, afterwards as it was left.
  ///
  /// - Parameter clock: the store's.
  func open(clock: ManualClock, limits: Limits) async throws -> any JobStore & UploadStore
  /// Ends, as `kill -9` would, the process that has the store open, and everything of the store's own.
  func kill(_ store: any JobStore) async throws
  /// Takes the store away from who has it open, and brings it back.
  func takeAway() async throws
  func bringBack() async throws
  /// Loses the reply to what the store commits next: the call must settle whether it was carried out.
  func loseNextReply(of store: any JobStore) async throws
  /// Writes what a job asks as another version might have, past the store: values of the columns `spec` and `needs`.
  func rewrite(_ id: String, spec: String, needs: String) async throws
  /// A folder for this store's data.
  var folder: String { get }
}

/// What a rule is tried on.
public struct StoreHarness: Sendable {
  let place: any StoreUnderTest
  let store: any JobStore & UploadStore
  let clock: ManualClock
  let limits: Limits

  func spec(_ output: String = "out.csv", input: String = "in.csv", priority: Int = 0, startAt: Timestamp? = nil)
    -> JobSpec
  {
    JobSpec(input: input, output: output, priority: priority, startAt: startAt)
  }

  func submit(_ spec: JobSpec, owner: String = "a", key: String? = nil) async throws -> JobRecord {
    try await store.submit(JobSubmission(owner: owner, spec: spec, idempotencyKey: key))
  }

  func claim(_ worker: String = "w", offer: WorkerOffer = .unlimited) async throws -> JobRecord? {
    try await store.claim(worker: worker, offer: offer)
  }

  /// Submits and claims.
  func running(_ output: String = "out.csv") async throws -> JobRecord {
    _ = try await submit(spec(output))
    return try await required(claim())
  }

  /// Asks until it is so: for what another task brings about.
  func eventually(_ rule: String, line: UInt = #line, _ condition: () async throws -> Bool) async throws {
    for _ in 0..<3_000 {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw BrokenRule("still not after 30 s: \(rule)", line: line)
  }

  func job(_ id: String) async throws -> JobRecord { try await required(store.job(id)) }

  func result(_ file: String = "f") -> SealedResult {
    SealedResult(file: file, bytes: 1, rows: 2, sha256: "00")
  }

  /// Runs a job of that output to its success.
  func succeeded(_ output: String = "out.csv", file: String = "f") async throws -> JobRecord {
    let job = try await running(output)
    _ = try await store.commit(job.id, epoch: job.epoch, result: result(file), progress: JobProgress(phase: .done))
    return try await self.job(job.id)
  }

  func required<Value>(_ value: Value?, line: UInt = #line) throws -> Value {
    guard let value else { throw BrokenRule("something was expected and is missing", line: line) }
    return value
  }

  func expect(_ condition: Bool, _ rule: String, line: UInt = #line) throws {
    if !condition { throw BrokenRule(rule, line: line) }
  }

  /// Expects the store to refuse.
  func refused(line: UInt = #line, _ body: () async throws -> Void) async throws -> JobStoreError {
    do {
      try await body()
    } catch let error as JobStoreError {
      return error
    }
    throw BrokenRule("the store should have refused", line: line)
  }
}

/// A clock that stands still until it is moved.
public final class ManualClock: Sendable {
  private let milliseconds = Atomic<Int64>(1_800_000_000_000)
  public init() {}
  public var now: Timestamp { Timestamp(milliseconds: milliseconds.load(ordering: .relaxed)) }
  public func advance(milliseconds more: Int) { milliseconds.add(Int64(more), ordering: .relaxed) }
}
