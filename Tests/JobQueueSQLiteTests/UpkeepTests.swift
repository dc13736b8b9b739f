import Foundation
import GRDB
import JobQueue
import TallySchema
import TestSupport
import Testing

@testable import JobQueueSQLite

/// Backups, damage, disks, and stores that older versions have written.
@Suite struct UpkeepTests {
  private let folder: TestFolder
  private var path: String { folder.path + "/tally.sqlite" }

  init() throws { folder = try TestFolder() }

  private func submission(_ output: String) -> JobSubmission {
    JobSubmission(owner: "a", spec: JobSpec(input: "i", output: output))
  }

  @Test func aBackupOfARunningStoreIsAStore() async throws {
    let store = try SQLiteJobStore(path: path, owner: "test")
    let job = try await store.submit(submission("1"))
    let copy = folder.path + "/copy.sqlite"
    try SQLiteJobStore.backUp(path, to: copy)
    _ = try await store.submit(submission("2"))
    let restored = try SQLiteJobStore(path: copy, owner: "test")
    #expect(try await restored.list(JobQuery(owner: "a")).jobs == [job])
    #expect(restored.uuid == store.uuid)
    try await restored.checkIntegrity()
    #expect(throws: BackupRefused.self) { try SQLiteJobStore.backUp(path, to: copy) }
    #expect(throws: BackupRefused.self) { try SQLiteJobStore.backUp(path + ".not", to: copy + "2") }
  }

  @Test func aDamagedFileIsFoundOut() async throws {
    let store = try SQLiteJobStore(path: path, owner: "test")
    for index in 0..<200 { _ = try await store.submit(submission("\(index)")) }
    try await store.close()
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    let size = try file.seekToEnd()
    // Every page but the first, which holds the schema.
    for page in stride(from: UInt64(8_192), to: size, by: 4_096) {
      try file.seek(toOffset: page + 100)
      try file.write(contentsOf: Data(repeating: 0x5A, count: 2_000))
    }
    try file.close()
    await #expect(throws: (any Error).self) {
      let damaged = try SQLiteJobStore(path: path, owner: "test")
      try await damaged.checkIntegrity()
    }
  }

  @Test(arguments: [1, 2, 3, 4]) func aStoreOfAnOlderVersionIsBroughtUp(version: Int) async throws {
    let applied = Array(SQLiteSchema.migrator.migrations.prefix(version))
    let queue = try DatabaseQueue(path: path)
    try SQLiteSchema.migrator.migrate(queue, upTo: try #require(applied.last))
    let job = JobRecord(
      id: "0199a3c2-7f00-7000-8000-0123456789ab", owner: "a", spec: JobSpec(input: "i", output: "o"), state: .queued,
      createdAt: .now, readyAt: .now)
    try await queue.write { database in
      var told = job
      told.sequence = 1
      let known = Set(try database.columns(in: "jobs").map(\.name))
      let row = zip(JobColumns.asked + JobColumns.life, JobColumns.asked(told) + JobColumns.life(told))
        .filter { known.contains($0.0) }
      let columns = row.map(\.0).joined(separator: ", ")
      let values = row.map { $0.1.literal }.joined(separator: ", ")
      try database.execute(sql: "INSERT INTO jobs (\(columns)) VALUES (\(values))")
      try database.execute(
        sql: "INSERT INTO events (job_id, sequence, epoch, status) VALUES (?, 1, 0, ?)",
        arguments: [job.id, told.status.json.text])
      try database.execute(sql: "INSERT INTO reservations (name, job_id) VALUES ('o', ?)", arguments: [job.id])
      if version >= 3 { try database.execute(sql: "UPDATE totals SET unfinished = 1") }
    }
    try queue.close()
    let store = try SQLiteJobStore(path: path, owner: "test")
    #expect(try await store.job(job.id)?.spec == job.spec)
    // Of lines that say neither who nor when, the first alone is told: the job says both.
    #expect(try await store.log(of: job.id, after: nil, most: 9).map(\.action) == [.submitted])
    #expect(try await store.events(of: job.id, after: JobCursor(jobID: job.id, epoch: 0, sequence: 0)).count == 1)
    let claimed = try #require(try await store.claim(worker: "w", offer: .unlimited))
    #expect(claimed.id == job.id && claimed.epoch == 1)
    #expect(try await store.log(of: job.id, after: nil, most: 9).map(\.action) == [.submitted, .claimed])
    _ = try await store.fail(job.id, epoch: 1, failure: JobFailure(.invalidArgument, reason: "X", "x"))
    _ = try await store.submit(submission("o"))
  }

  @Test func aStoreOfANewerVersionIsRefused() async throws {
    try await SQLiteJobStore(path: path, owner: "test").close()
    let queue = try DatabaseQueue(path: path)
    try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('1000: of another time')") }
    try queue.close()
    #expect(throws: StoreTooNew.self) { try SQLiteJobStore(path: path, owner: "test") }
  }

  /// SQLite follows the link, and has its log there: another file of the log's name would be synced for nothing.
  @Test func theLogOfALinkedStoreIsTheOneThatIsSynced() async throws {
    try FileManager.default.createDirectory(atPath: folder.path + "/disk", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link.sqlite", withDestinationPath: folder.path + "/disk/real.sqlite")
    let store = try SQLiteJobStore(path: folder.path + "/link.sqlite", owner: "test")
    let job = try await store.submit(submission("o"))
    #expect(try await store.job(job.id) == job)
    #expect(FileManager.default.fileExists(atPath: folder.path + "/disk/real.sqlite-wal"))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/link.sqlite-wal"))
    try await store.close()
    await #expect(throws: StoreUnavailable.self) { try await store.submit(submission("p")) }
  }

  /// A rule of the schema's own: a name that is held points to a job that is there.
  @Test func aJobThatHoldsItsOutputsNameIsNeverDeleted() async throws {
    let store = try SQLiteJobStore(path: path, owner: "test")
    let job = try await store.submit(submission("o"))
    await #expect(throws: DatabaseError.self) {
      try await store.write { try $0.run("DELETE FROM jobs WHERE id = ?", [job.id]) }
    }
    _ = try await store.requestCancel(job.id, by: "a")
    try await store.delete(job.id)
    #expect(try await store.job(job.id) == nil)
    #expect(try await store.read { try Int.fetchOne($0.database, sql: "SELECT count(*) FROM reservations") } == 0)
  }

  private struct Refused: Error {}

  /// Also when some writes of a group are undone after they had inserted a job.
  @Test func unfinishedJobsAreCountedRight() async throws {
    let store = try SQLiteJobStore(path: path, owner: "test")
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<60 {
        group.addTask { [submission] in
          switch number % 3 {
          case 0: _ = try? await store.submit(submission("\(number)"))
          case 1:
            if let job = try? await store.submit(submission("\(number)")) {
              _ = try? await store.requestCancel(job.id, by: "a")
            }
          default:
            let job = JobLifecycle.admit(
              submission("\(number)"), id: JobID.make(now: .now), now: .now)
            _ = try? await store.write { tables in
              try tables.insert(NewJob(job))
              throw Refused()
            }
          }
        }
      }
    }
    let counts = try await store.counts(owner: nil, includesUnnamed: true)
    #expect(counts == [.queued: 20, .cancelled: 20])
    #expect(try await store.read { try $0.unfinished() } == 20)
  }

  @Test func aReadOnlyStoreIsSaidSo() async throws {
    let store = try SQLiteJobStore(path: path, owner: "test")
    try await store.write { try $0.database.execute(sql: "PRAGMA query_only = ON") }
    let error = await #expect(throws: StoreUnavailable.self) { try await store.submit(submission("1")) }
    #expect(error?.reason == "STORE_READ_ONLY")
  }

  /// The file may not grow, as on a full disk; when there is room again, the store goes on.
  @Test func aFullDiskIsSaidSoAndWorkGoesOnAfterwards() async throws {
    let store = try SQLiteJobStore(path: path, owner: "test")
    try await store.write { tables in
      let pages = try Int.fetchOne(tables.database, sql: "PRAGMA page_count") ?? 0
      _ = try Int.fetchOne(tables.database, sql: "PRAGMA max_page_count = \(pages)")
    }
    var refused: StoreUnavailable?
    var taken: [String] = []
    for index in 0..<1_000 where refused == nil {
      do {
        taken.append(try await store.submit(submission("\(index)")).id)
      } catch let error as StoreUnavailable {
        refused = error
      }
    }
    #expect(refused?.reason == "STORE_FULL")
    try await store.write { _ = try Int.fetchOne($0.database, sql: "PRAGMA max_page_count = 1000000") }
    taken.append(try await store.submit(submission("more")).id)
    #expect(Set(try await store.list(JobQuery(owner: "a", pageSize: 1_000)).jobs.map(\.id)) == Set(taken))
  }
}
