import Dispatch
import GRDB
import JobQueue
import Synchronization
import TestSupport
import Testing

@testable import JobQueueSQLite

/// Writes that share a transaction: each is carried out whole, or not at all.
@Suite struct GroupCommitTests {
  private struct Refused: Error {}

  private let folder: TestFolder
  private let queue: DatabasePool

  init() throws {
    folder = try TestFolder()
    queue = try DatabasePool(path: folder.path + "/t.sqlite")
    try queue.write { try $0.execute(sql: "CREATE TABLE t (number INTEGER PRIMARY KEY)") }
  }

  private func numbers() throws -> [Int] {
    try queue.read { try Int.fetchAll($0, sql: "SELECT number FROM t ORDER BY number") }
  }

  /// Half of the writes of each kind fail, and the others must not notice.
  @Test(arguments: [false, true]) func aWriteThatFailsUndoesItselfAndNothingElse(afterAChange: Bool) async throws {
    let group = GroupCommit(writer: queue, sync: {}, onCommit: {})
    let outcomes = await withTaskGroup(of: (Int, Bool).self) { tasks in
      for number in 0..<40 {
        tasks.addTask {
          do {
            return try await (
              number,
              group.write { tables in
                if number % 2 == 0 || afterAChange {
                  try tables.database.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number])
                }
                if number % 2 == 1 { throw Refused() }
                return true
              }
            )
          } catch {
            #expect(error is Refused)
            return (number, false)
          }
        }
      }
      return await tasks.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
    }
    #expect(outcomes.filter { $0.value }.keys.sorted() == Array(stride(from: 0, to: 40, by: 2)))
    #expect(try numbers() == Array(stride(from: 0, to: 40, by: 2)))
  }

  @Test func aFailedStatementIsTheWritersOwn() async throws {
    let group = GroupCommit(writer: queue, sync: {}, onCommit: {})
    try await group.write { try $0.database.execute(sql: "INSERT INTO t VALUES (1)") }
    let twice = Task {
      try await group.write {
        try $0.database.execute(sql: "INSERT INTO t VALUES (2)")
        try $0.database.execute(sql: "INSERT INTO t VALUES (1)")
      }
    }
    async let once: Void = group.write { try $0.database.execute(sql: "INSERT INTO t VALUES (3)") }
    await #expect(throws: DatabaseError.self) { try await twice.value }
    try await once
    #expect(try numbers() == [1, 3])
  }

  private func insert(_ number: Int, by group: GroupCommit) async throws {
    try await group.write { tables in
      try tables.database.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number])
      tables.changed.insert("\(number)")
    }
  }

  @Test func nothingIsAnsweredBeforeItIsOnDisk() async throws {
    let disk = SlowDisk()
    let group = GroupCommit(writer: queue, sync: disk.sync, onCommit: { disk.note("told") })
    let write = Task {
      try await insert(1, by: group)
      disk.note("written")
    }
    await disk.syncBegins()
    // It can be seen, and who has seen it waits as well.
    #expect(try numbers() == [1])
    let read = Task {
      try await group.settle(["1"])
      disk.note("read")
    }
    // Nothing else does.
    try await group.settle(["2"])
    try await group.settle([])
    try await Task.sleep(for: .milliseconds(50))
    #expect(disk.notes == [])
    disk.finishSync()
    try await write.value
    try await read.value
    #expect(Set(disk.notes) == ["told", "written", "read"])
    try await group.settle(["1"])
  }

  /// While a sync lasts, as many are written as make a transaction worth it, and all of them share the next sync.
  @Test func writesGoOnBesideASync() async throws {
    let disk = SlowDisk()
    let group = GroupCommit(writer: queue, sync: disk.sync, onCommit: {})
    let first = Task { try await insert(0, by: group) }
    await disk.syncBegins()
    let many = 1...GroupCommitState.writesWorthIt
    let rest = Task {
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for number in many { tasks.addTask { try await insert(number, by: group) } }
        try await tasks.waitForAll()
      }
    }
    while try numbers().count <= many.count { await Task.yield() }
    disk.finishSync()
    try await first.value
    await disk.syncBegins()
    disk.finishSync()
    try await rest.value
    #expect(disk.syncs == 2)
  }

  /// A write that needn't be on disk, and one that changes nothing, wait for no sync of their own.
  @Test func onlyWhatMustBeOnDiskIsSynced() async throws {
    let disk = SlowDisk()
    let group = GroupCommit(writer: queue, sync: disk.sync, onCommit: {})
    try await group.write(.none) { try $0.database.execute(sql: "INSERT INTO t VALUES (1)") }
    try await group.write { _ in }
    await #expect(throws: Refused.self) { try await group.write { _ in throw Refused() } }
    #expect(try numbers() == [1] && disk.syncs == 0)
  }

  @Test func afterASyncThatFailedNothingIsWritten() async throws {
    let lost = StoreUnavailable(reason: "STORE_FAILED", "the disk is gone")
    let syncs = Mutex(0)
    let group = GroupCommit(
      writer: queue,
      sync: { () throws(StoreUnavailable) in
        if syncs.withLock({ syncs in
          syncs += 1
          return syncs == 2
        }) {
          throw lost
        }
      }, onCommit: {})
    try await insert(1, by: group)
    try await group.settle(["1"])
    await #expect(throws: lost) { try await insert(2, by: group) }
    await #expect(throws: lost) { try await insert(3, by: group) }
    await #expect(throws: lost) { try await group.settle(["3"]) }
    #expect(try numbers() == [1, 2])
  }

  /// They may have seen what was lost: a repeated submission is answered with its job.
  @Test func aWriteThatChangesNothingHearsOfTheSyncThatFailedMeanwhile() async throws {
    let disk = SlowDisk()
    let group = GroupCommit(writer: queue, sync: disk.sync, onCommit: {})
    let first = Task { try await insert(0, by: group) }
    await disk.syncBegins()
    let (entered, enter) = AsyncStream.makeStream(of: Void.self)
    let gate = DispatchSemaphore(value: 0)
    let rest = Task {
      await withTaskGroup(of: StoreUnavailable?.self) { tasks in
        for _ in 0..<GroupCommitState.writesWorthIt {
          tasks.addTask {
            do {
              try await group.write { _ in
                enter.yield()
                gate.wait()
              }
              return nil
            } catch {
              return error as? StoreUnavailable
            }
          }
        }
        return await tasks.reduce(into: []) { $0.append($1) }
      }
    }
    for await _ in entered { break }
    disk.fail()
    await #expect(throws: SlowDisk.lost) { try await first.value }
    for _ in 0..<GroupCommitState.writesWorthIt { gate.signal() }
    #expect(await rest.value == .init(repeating: SlowDisk.lost, count: GroupCommitState.writesWorthIt))
  }

  @Test func closingWaitsForWhatWasAskedAndRefusesTheRest() async throws {
    let disk = SlowDisk()
    let group = GroupCommit(writer: queue, sync: disk.sync, onCommit: {})
    let write = Task { try await insert(1, by: group) }
    await disk.syncBegins()
    let close = Task {
      await group.close()
      disk.note("closed")
    }
    try await Task.sleep(for: .milliseconds(50))
    #expect(disk.notes == [])
    await #expect(throws: StoreUnavailable.self) { try await insert(2, by: group) }
    disk.finishSync()
    try await write.value
    await close.value
    await group.close()
    #expect(try numbers() == [1] && disk.notes == ["closed"])
  }
}

/// A disk whose syncs end when they are told to, and what happens meanwhile.
private final class SlowDisk: Sendable {
  private struct State {
    var syncs = 0
    var notes: [String] = []
    var hasFailed = false
  }

  static let lost = StoreUnavailable(reason: "STORE_FAILED", "the disk is gone")

  private let state = Mutex(State())
  private let (began, begin) = AsyncStream.makeStream(of: Void.self)
  private let end = DispatchSemaphore(value: 0)

  var sync: @Sendable () throws(StoreUnavailable) -> Void {
    { () throws(StoreUnavailable) in
      self.state.withLock { $0.syncs += 1 }
      self.begin.yield()
      self.end.wait()
      if self.state.withLock(\.hasFailed) { throw SlowDisk.lost }
    }
  }

  var syncs: Int { state.withLock(\.syncs) }
  var notes: [String] { state.withLock(\.notes) }
  func note(_ text: String) { state.withLock { $0.notes.append(text) } }
  func finishSync() { end.signal() }
  func fail() {
    state.withLock { $0.hasFailed = true }
    end.signal()
  }
  func syncBegins() async { for await _ in began { return } }
}
