import JobQueue
import JobRunner
import Storage
import StorageLocal
import Synchronization
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A runner that hears no signal of its store's and only polls; its work writes a line, or does nothing until it is
/// cancelled.
struct FakeWorker: Sendable {
  private let runner: Runner

  init(_ h: StoreHarness, holds: Bool = false) throws {
    let folder = try DataFolder(path: h.place.folder, storeUUID: h.store.uuid)
    runner = Runner(
      store: DeafStore(store: h.store), engine: Work(holds: holds), storage: folder,
      memory: MemoryPool(totalBytes: 1 << 40),
      configuration: Runner.Configuration(
        worker: "w", pollMilliseconds: 50, reportMilliseconds: 50,
        shutdown: ShutdownPlan(totalMilliseconds: 30_000)))
  }

  func whileRunning(_ body: () async throws -> Void) async throws {
    let task = Task { await runner.run() }
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    task.cancel()
    await task.value
    try outcome.get()
  }

  private struct Work: JobEngine {
    let holds: Bool
    func prepare(_ job: JobRecord, stage: any ResultStage) throws -> any JobRun { Run(holds: holds, stage: stage) }
  }

  private struct Run: JobRun {
    let holds: Bool
    let stage: any ResultStage
    var progress: JobProgress { JobProgress(phase: .reading, bytesRead: 1) }

    func findInputs() throws -> [InputReading] { [InputReading(name: "in.csv", identity: nil)] }

    func perform(reading inputs: [InputReading]) async throws -> SealedResult {
      while holds { try await Task.sleep(for: .milliseconds(10)) }
      let sink = try stage.makeResult()
      try Array("done".utf8).withUnsafeBytes { try sink.write($0, at: 0, isLast: true) }
      try sink.seal(permissions: 0o444)
      return SealedResult(file: stage.file, bytes: 4, rows: 1, sha256: "")
    }
  }

  static func move(_ old: String, to new: String, in folder: String) throws {
    guard rename("\(folder)/\(old)", "\(folder)/\(new)") == 0 else { throw SystemCallError("rename", errno) }
  }

  static func write(_ text: String, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    let bytes = Array(text.utf8)
    guard descriptor >= 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
      throw SystemCallError("write", errno)
    }
    close(descriptor)
  }
}

/// A store whose signals are lost.
struct DeafStore: JobStore {
  let store: any JobStore
  let changes = ChangeSignal()
  var uuid: String { store.uuid }

  func submit(_ submission: JobSubmission) async throws -> JobRecord { try await store.submit(submission) }
  func job(_ id: String) async throws -> JobRecord? { try await store.job(id) }
  func job(owner: String, idempotencyKey: String) async throws -> JobRecord? {
    try await store.job(owner: owner, idempotencyKey: idempotencyKey)
  }
  func list(_ query: JobQuery) async throws -> JobListing { try await store.list(query) }
  func events(of id: String, after cursor: JobCursor) async throws -> [JobEvent] {
    try await store.events(of: id, after: cursor)
  }
  func log(of id: String, after cursor: JobCursor?, most: Int) async throws -> [JobLogLine] {
    try await store.log(of: id, after: cursor, most: most)
  }
  func changed(since known: [String: Int]) async throws -> JobChanges { try await store.changed(since: known) }
  func requestCancel(_ id: String, by actor: String) async throws -> JobRecord? {
    try await store.requestCancel(id, by: actor)
  }
  func retry(_ id: String, by actor: String, existingOutputs: [String]) async throws -> JobRecord {
    try await store.retry(id, by: actor, existingOutputs: existingOutputs)
  }
  func startReading(_ id: String, epoch: Int, _ inputs: [InputReading]) async throws -> ReadingStart {
    try await store.startReading(id, epoch: epoch, inputs)
  }
  func readers(of identity: String) async throws -> [InputReader] { try await store.readers(of: identity) }
  func checkName(_ name: String, of owner: String, isThere: Bool) async throws {
    try await store.checkName(name, of: owner, isThere: isThere)
  }
  func delete(_ id: String) async throws { try await store.delete(id) }
  func counts(owner: String?, includesUnnamed: Bool) async throws -> [JobState: Int] {
    try await store.counts(owner: owner, includesUnnamed: includesUnnamed)
  }
  func unnamed(endedMilliseconds: Int, most: Int) async throws -> [JobRecord] {
    try await store.unnamed(endedMilliseconds: endedMilliseconds, most: most)
  }
  func claim(worker: String, offer: WorkerOffer) async throws -> JobRecord? {
    try await store.claim(worker: worker, offer: offer)
  }
  func renew(_ id: String, epoch: Int, progress: JobProgress) async throws -> JobLifecycle.WorkerWrite {
    try await store.renew(id, epoch: epoch, progress: progress)
  }
  func commit(
    _ id: String, epoch: Int, result: SealedResult, progress: JobProgress
  ) async throws -> JobLifecycle.WorkerWrite {
    try await store.commit(id, epoch: epoch, result: result, progress: progress)
  }
  func fail(_ id: String, epoch: Int, failure: JobFailure) async throws -> JobLifecycle.WorkerWrite {
    try await store.fail(id, epoch: epoch, failure: failure)
  }
  func release(_ id: String, epoch: Int) async throws -> JobLifecycle.WorkerWrite {
    try await store.release(id, epoch: epoch)
  }
  func unpublished() async throws -> [JobRecord] { try await store.unpublished() }
  func newestCommitted(output: String) async throws -> JobRecord? { try await store.newestCommitted(output: output) }
  func markPublished(_ id: String, generation: Int) async throws {
    try await store.markPublished(id, generation: generation)
  }
  func abandonPublication(_ id: String, by actor: String) async throws -> JobRecord {
    try await store.abandonPublication(id, by: actor)
  }
  func markDelayed(_ id: String, generation: Int, failure: JobFailure) async throws {
    try await store.markDelayed(id, generation: generation, failure: failure)
  }
  func markUnpublishable(_ id: String, generation: Int, failure: JobFailure) async throws {
    try await store.markUnpublishable(id, generation: generation, failure: failure)
  }
  func prune(endedBefore moment: Timestamp, most: Int) async throws -> Int {
    try await store.prune(endedBefore: moment, most: most)
  }
  func check() async throws { try await store.check() }
  func close() async throws { try await store.close() }
}
