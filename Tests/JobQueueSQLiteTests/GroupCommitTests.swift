import GRDB
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
    let group = GroupCommit(writer: queue) {}
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
    let group = GroupCommit(writer: queue) {}
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
}
