import Foundation
import JobQueueSQLite
import JobRunner
import Storage
import StorageLocal
import Synchronization
import TallySchema
import TestSupport
import Testing

@testable import JobQueue

/// The runner with a real store and work that the test holds in its hand.
@Suite struct RunnerTests {
  private let place: TestFolder
  private let store: SQLiteJobStore
  private let folder: DataFolder

  init() throws {
    place = try TestFolder()
    store = try SQLiteJobStore(path: place.path + "/tally.sqlite", owner: "test")
    folder = try DataFolder(path: place.path + "/data", storeUUID: store.uuid)
  }

  /// Work that writes the job's input name, when it is let go.
  private final class HeldWork: JobEngine, JobRun {
    let isHeld: Atomic<Bool>
    let running = Atomic(0)
    let most = Atomic(0)
    let failure: JobFailure?
    private let hasEnded = Atomic(false)
    private let stages: Mutex<[any ResultStage]> = Mutex([])

    init(held: Bool, failure: JobFailure? = nil) {
      isHeld = Atomic(held)
      self.failure = failure
    }

    func prepare(_ job: JobRecord, stage: any ResultStage) throws -> any JobRun {
      stages.withLock { $0.append(stage) }
      return self
    }

    var progress: JobProgress {
      hasEnded.load(ordering: .relaxed)
        ? JobProgress(phase: .done, bytesRead: 9, rows: 9) : JobProgress(phase: .reading, bytesRead: 5, rows: 3)
    }

    func findInputs() throws -> [InputReading] { [InputReading(name: "in.csv", identity: nil)] }

    func perform(reading inputs: [InputReading]) async throws -> SealedResult {
      let now = running.add(1, ordering: .relaxed).newValue
      most.max(now, ordering: .relaxed)
      defer { running.subtract(1, ordering: .relaxed) }
      while isHeld.load(ordering: .relaxed) { try await Task.sleep(for: .milliseconds(5)) }
      if let failure { throw failure }
      let stage = stages.withLock { $0.removeFirst() }
      let sink = try stage.makeResult()
      try Array("done".utf8).withUnsafeBytes { try sink.write($0, at: 0, isLast: true) }
      try sink.seal(permissions: 0o444)
      hasEnded.store(true, ordering: .relaxed)
      return SealedResult(file: stage.file, bytes: 4, rows: 1, sha256: "")
    }
  }

  private func runner(_ work: HeldWork, jobsAtOnce: Int = 2, memory: Int = 1 << 40) -> Runner {
    Runner(
      store: store, engine: work, storage: folder, memory: MemoryPool(totalBytes: memory),
      configuration: Runner.Configuration(
        worker: "w", jobsAtOnce: jobsAtOnce, pollMilliseconds: 50, reportMilliseconds: 10,
        shutdown: ShutdownPlan(totalMilliseconds: 30_000)))
  }

  private func submit(_ output: String) async throws -> JobRecord {
    try await store.submit(JobSubmission(owner: "a", spec: JobSpec(input: "in.csv", output: output)))
  }

  /// Waits for a condition of a job; it comes, or the test's time limit does.
  private func wait(_ id: String, _ condition: (JobRecord) -> Bool) async throws -> JobRecord {
    while true {
      if let job = try await store.job(id), condition(job) { return job }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  @Test(.timeLimit(.minutes(1))) func aJobRunsReportsAndIsPublished() async throws {
    let work = HeldWork(held: true)
    let running = Task { await runner(work).run() }
    let job = try await submit("out.csv")
    let started = try await wait(job.id) { $0.progress.rows == 3 }
    #expect(started.state == .running)
    work.isHeld.store(false, ordering: .relaxed)
    let ended = try await wait(job.id) { $0.publication == .published }
    #expect(ended.state == .succeeded && ended.progress.rows == 9)
    #expect(try place.read("data/out.csv") == Array("done".utf8))
    running.cancel()
    await running.value
  }

  @Test(.timeLimit(.minutes(1))) func aCancelledJobsWorkIsEnded() async throws {
    let work = HeldWork(held: true)
    let running = Task { await runner(work).run() }
    let job = try await submit("out.csv")
    _ = try await wait(job.id) { $0.state == .running }
    _ = try await store.requestCancel(job.id, by: "a")
    _ = try await wait(job.id) { $0.state == .cancelled }
    #expect(work.running.load(ordering: .relaxed) == 0)
    running.cancel()
    await running.value
  }

  @Test(.timeLimit(.minutes(1))) func anOrderlyStopGivesJobsBackAtNoCost() async throws {
    let work = HeldWork(held: true)
    let running = Task { await runner(work).run() }
    let job = try await submit("out.csv")
    _ = try await wait(job.id) { $0.state == .running }
    running.cancel()
    await running.value
    let now = try await wait(job.id) { _ in true }
    #expect(now.state == .queued && now.attempts == 0 && now.rescues == 0)
    #expect(work.running.load(ordering: .relaxed) == 0)
  }

  @Test(.timeLimit(.minutes(1))) func noMoreJobsRunThanMay() async throws {
    let work = HeldWork(held: true)
    let running = Task { await runner(work, jobsAtOnce: 3).run() }
    var jobs: [JobRecord] = []
    for index in 0..<8 { jobs.append(try await submit("\(index).csv")) }
    while work.running.load(ordering: .relaxed) < 3 { try await Task.sleep(for: .milliseconds(5)) }
    work.isHeld.store(false, ordering: .relaxed)
    for job in jobs { _ = try await wait(job.id) { $0.publication == .published } }
    #expect(work.most.load(ordering: .relaxed) == 3)
    running.cancel()
    await running.value
  }

  @Test(.timeLimit(.minutes(1))) func jobsShareTheMemory() async throws {
    let work = HeldWork(held: true)
    // Room for one job of 256 MiB at a time.
    let running = Task { await runner(work, jobsAtOnce: 4, memory: 300 << 20).run() }
    let jobs = [try await submit("1.csv"), try await submit("2.csv")]
    _ = try await wait(jobs[0].id) { $0.state == .running }
    try await Task.sleep(for: .milliseconds(200))
    #expect(try await store.job(jobs[1].id)?.state == .queued)
    work.isHeld.store(false, ordering: .relaxed)
    for job in jobs { _ = try await wait(job.id) { $0.publication == .published } }
    #expect(work.most.load(ordering: .relaxed) == 1)
    running.cancel()
    await running.value
  }

  @Test(.timeLimit(.minutes(1))) func aFailedRunFailsTheJob() async throws {
    let work = HeldWork(held: false, failure: JobFailure(.invalidArgument, reason: "NOT_A_NUMBER", "in.csv:2:1"))
    let running = Task { await runner(work).run() }
    let job = try await submit("out.csv")
    let ended = try await wait(job.id) { $0.state.isFinal }
    #expect(ended.state == .failed && ended.error?.reason == "NOT_A_NUMBER" && ended.attempts == 1)
    running.cancel()
    await running.value
  }

  /// Another worker has claimed the job: the run is ended, and changes nothing.
  @Test(.timeLimit(.minutes(1))) func aFencedRunIsGivenUp() async throws {
    let clock = Mutex(Timestamp.now)
    let path = place.path + "/fenced.sqlite"
    let store = try SQLiteJobStore(path: path, owner: "test", clock: { clock.withLock { $0 } })
    let folder = try DataFolder(path: place.path + "/fenced", storeUUID: store.uuid)
    let work = HeldWork(held: true)
    let slow = Runner(
      store: store, engine: work, storage: folder, memory: MemoryPool(totalBytes: 1 << 40),
      configuration: Runner.Configuration(
        worker: "w", jobsAtOnce: 1, pollMilliseconds: 20, reportMilliseconds: 400,
        shutdown: ShutdownPlan(totalMilliseconds: 30_000)))
    let running = Task { await slow.run() }
    let job = try await store.submit(JobSubmission(owner: "a", spec: JobSpec(input: "i", output: "o")))
    while work.running.load(ordering: .relaxed) == 0 { try await Task.sleep(for: .milliseconds(5)) }
    // A report of the worker's may come between the two and renew the lease: then once more.
    var successor: JobRecord?
    while successor == nil {
      clock.withLock { $0 = $0 + 60_000 }
      successor = try await store.claim(worker: "x", offer: .unlimited)
    }
    #expect(successor?.epoch == 2)
    while work.running.load(ordering: .relaxed) > 0 { try await Task.sleep(for: .milliseconds(5)) }
    running.cancel()
    await running.value
    #expect(try await store.job(job.id)?.lease?.worker == "x")
  }

  /// A server that was started with less memory than before: the job fails, and those behind it run.
  @Test(.timeLimit(.minutes(1))) func aJobLargerThanTheMemoryDoesNotStopTheQueue() async throws {
    let work = HeldWork(held: false)
    let large = try await store.submit(
      JobSubmission(owner: "a", spec: JobSpec(input: "in.csv", output: "large.csv", memoryBytes: 1 << 40)))
    let small = try await submit("small.csv")
    let running = Task { await runner(work, memory: 300 << 20).run() }
    let failed = try await wait(large.id) { $0.state.isFinal }
    #expect(failed.state == .failed && failed.error?.reason == "MEMORY_POOL")
    _ = try await wait(small.id) { $0.publication == .published }
    running.cancel()
    await running.value
  }

  /// While a job waits for memory, nothing is written and nobody is woken.
  @Test(.timeLimit(.minutes(1))) func waitingForMemoryCostsNothing() async throws {
    let work = HeldWork(held: true)
    let running = Task { await runner(work, memory: 300 << 20).run() }
    let jobs = [try await submit("1.csv"), try await submit("2.csv")]
    _ = try await wait(jobs[0].id) { $0.progress.rows == 3 }
    let signals = store.changes.wakeups()
    let counter = Task { await signals.reduce(0) { count, _ in count + 1 } }
    try await Task.sleep(for: .milliseconds(500))
    counter.cancel()
    // The running job's reports, one in 10 ms, and no more.
    #expect(await counter.value < 80)
    work.isHeld.store(false, ordering: .relaxed)
    for job in jobs { _ = try await wait(job.id) { $0.publication == .published } }
    running.cancel()
    await running.value
  }
}
