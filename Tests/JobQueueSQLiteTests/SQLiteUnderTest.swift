import Foundation
import GRDB
import JobQueue
import JobQueueConformance
import JobQueueSQLite
import Synchronization
import TallySchema
import TestSupport
import Uploads

/// An embedded store in a folder of its own.
final class SQLiteUnderTest: StoreUnderTest {
  private let place: TestFolder
  private let outsider: Mutex<DatabaseQueue?> = Mutex(nil)

  init() throws { place = try TestFolder() }

  private var path: String { place.path + "/tally.sqlite" }
  var folder: String { place.path + "/data" }

  func open(clock: ManualClock, limits: Limits) async throws -> any JobStore & UploadStore {
    try SQLiteJobStore(path: path, owner: "test", limits: limits, clock: { clock.now }, busySeconds: 0.2)
  }

  /// What a killed process leaves is what its files hold at that moment: they are copied before the store can tidy up.
  func kill(_ store: any JobStore) async throws {
    let files = ["", "-wal"]
    for suffix in files {
      try FileManager.default.copyItem(atPath: path + suffix, toPath: path + ".left" + suffix)
    }
    try await store.close()
    for suffix in files + ["-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    for suffix in files {
      try FileManager.default.moveItem(atPath: path + ".left" + suffix, toPath: path + suffix)
    }
    // The kernel takes back a dead process's lock, which is held in this one by the store's own descriptor.
    try FileManager.default.removeItem(atPath: path + ".lock")
  }

  /// Another program locks the file.
  func takeAway() async throws {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try await queue.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    outsider.withLock { $0 = queue }
  }

  func bringBack() async throws {
    try await outsider.withLock { $0.take() }?.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
  }

  func rewrite(_ id: String, spec: String, needs: String) async throws {
    try await DatabaseQueue(path: path).write {
      try $0.execute(sql: "UPDATE jobs SET spec = ?, needs = ? WHERE id = ?", arguments: [spec, needs, id])
    }
  }

  /// In one process no reply is lost.
  func loseNextReply(of store: any JobStore) async throws {}
}
