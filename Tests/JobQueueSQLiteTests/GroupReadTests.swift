import GRDB
import TestSupport
import Testing

@testable import JobQueueSQLite

/// Reads that share a turn: each has its own answer, or its own error.
@Suite struct GroupReadTests {
  private struct Refused: Error {}

  private let folder: TestFolder
  private let pool: DatabasePool

  init() throws {
    folder = try TestFolder()
    pool = try DatabasePool(path: folder.path + "/t.sqlite")
    try pool.write { try $0.execute(sql: "CREATE TABLE t (number INTEGER PRIMARY KEY)") }
  }

  /// More than one turn takes; every third fails.
  @Test func eachReadHasItsOwnOutcome() async throws {
    let group = GroupRead(pool: pool)
    let outcomes = await withTaskGroup(of: (Int, Int?).self) { tasks in
      for number in 0..<600 {
        tasks.addTask {
          do {
            return try await (
              number,
              group.read { tables in
                if number % 3 == 0 { throw Refused() }
                return try Int.fetchOne(tables.database, sql: "SELECT ? + count(*) FROM t", arguments: [number])
              }
            )
          } catch {
            #expect(error is Refused)
            return (number, nil)
          }
        }
      }
      return await tasks.reduce(into: [Int: Int?]()) { $0[$1.0] = $1.1 }
    }
    #expect(outcomes.count == 600)
    #expect(outcomes.allSatisfy { $0.value == ($0.key % 3 == 0 ? nil : $0.key) })
  }

  /// A read that comes after a write was answered sees it, however many others are on their way.
  @Test func aReadSeesWhatWasWrittenBefore() async throws {
    let (group, writes) = (GroupRead(pool: pool), GroupCommit(writer: pool, sync: {}, onCommit: {}))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for number in 0..<200 {
        tasks.addTask {
          try await writes.write { try $0.database.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number]) }
          let found = try await group.read {
            try Int.fetchOne($0.database, sql: "SELECT number FROM t WHERE number = ?", arguments: [number])
          }
          #expect(found == number)
        }
      }
      try await tasks.waitForAll()
    }
  }

  @Test func readsOfAClosedStoreFail() async throws {
    let group = GroupRead(pool: pool)
    try pool.close()
    for _ in 0..<2 {
      await #expect(throws: DatabaseError.self) { try await group.read { _ in 1 } }
    }
  }
}
