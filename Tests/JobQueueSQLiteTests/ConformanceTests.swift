import JobQueue
import JobQueueConformance
import JobQueueSQLite
import TallySchema
import TestSupport
import Testing

@Suite struct ConformanceTests {
  @Test(arguments: StoreConformance.cases) func theEmbeddedStoreKeeps(rule: StoreConformance.Case) async throws {
    try await rule.run(on: SQLiteUnderTest())
  }
}

/// What is the embedded store's own.
@Suite struct SQLiteStoreTests {
  private let folder: TestFolder
  private let clock = ManualClock()

  init() throws { folder = try TestFolder() }

  private func open(_ owner: String = "test") throws -> SQLiteJobStore {
    try SQLiteJobStore(path: folder.path + "/tally.sqlite", owner: owner, clock: { [clock] in clock.now })
  }

  @Test func aSecondProcessIsRefusedByTheNameOfTheFirst() async throws {
    let first = try open("process 4711")
    let error = #expect(throws: StoreInUse.self) { try open("process 4712") }
    #expect(error?.owner == "process 4711")
    try await first.close()
  }

  @Test func whatAnOwnerLeftRunningIsClaimableAtOnceByTheNext() async throws {
    var id = ""
    do {
      let store = try open()
      id = try await store.submit(JobSubmission(owner: "a", spec: JobSpec(input: "i", output: "o"))).id
      #expect(try await store.claim(worker: "w", offer: .unlimited)?.epoch == 1)
      try await store.close()
    }
    let store = try open()
    let job = try #require(try await store.claim(worker: "x", offer: .unlimited))
    #expect(job.id == id && job.epoch == 2 && job.rescues == 1)
  }

  /// Many submissions at once share transactions: far fewer commits than jobs.
  @Test func submissionsAtTheSameTimeShareTransactions() async throws {
    let store = try open()
    let signals = store.changes.wakeups()
    let counter = Task { await signals.reduce(0) { count, _ in count + 1 } }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<200 {
        group.addTask {
          _ = try await store.submit(JobSubmission(owner: "a", spec: JobSpec(input: "i", output: "\(index)")))
        }
      }
      try await group.waitForAll()
    }
    counter.cancel()
    #expect(await counter.value < 100)
    #expect(try await store.list(JobQuery(owner: "a", pageSize: 1_000)).jobs.count == 200)
  }

  @Test func aCancelledCallerDoesNotUndoItsWrite() async throws {
    let store = try open()
    let task = Task { try await store.submit(JobSubmission(owner: "a", spec: JobSpec(input: "i", output: "o"))) }
    task.cancel()
    let job = try await task.value
    #expect(try await store.job(job.id) == job)
  }
}
