import GRDB

/// Gathers writes that wait at the same time into one transaction, so that many of them share one fsync (group commit).
///
/// A write that throws undoes nothing of the others: where it had changed something by then, the transaction is rolled back
/// and all are run again, each in a savepoint of its own. What the store writes throws
/// before its first change, so that this hardly ever happens, and savepoints for all from the start would cost each write.
/// Who asked is answered only after the commit. A write is carried out even if the task that asked for it has been cancelled by
/// then.
actor GroupCommit {
  /// Whether a write must be on disk before it is answered.
  enum Durability { case full, none }

  private struct Write {
    var durability: Durability
    /// Runs the body, and keeps what it returned or threw. It may be run again.
    ///
    /// - Throws: what has undone the whole transaction, such as a full disk; ``HalfDone``.
    var run: (JobTables, _ inSavepoint: Bool) throws -> Void
    /// Answers the caller once the transaction's end is known: with the error that undid it, if there is one.
    var answer: ((any Error)?) -> Void
  }

  /// A write has failed after it had changed something.
  private struct HalfDone: Error {}

  /// Writes of one transaction, at the most.
  private static let writesMost = 256

  private let writer: any DatabaseWriter
  private let onCommit: @Sendable () -> Void
  private var waiting: [Write] = []
  private var isRunning = false

  init(writer: any DatabaseWriter, onCommit: @escaping @Sendable () -> Void) {
    self.writer = writer
    self.onCommit = onCommit
  }

  /// Carries out one write and returns what it returned, after the commit.
  func write<Value: Sendable>(
    _ durability: Durability = .full, _ body: @escaping @Sendable (JobTables) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      var result: Result<Value, any Error> = .failure(DatabaseError(message: "the write didn't run"))
      waiting.append(
        Write(
          durability: durability,
          run: { tables, inSavepoint in
            let database = tables.database
            let changesBefore = database.totalChangesCount
            do {
              result = .success(try inSavepoint ? tables.savepoint(body) : body(tables))
            } catch let error as DatabaseError where !database.isInsideTransaction {
              throw error
            } catch {
              result = .failure(error)
              if !inSavepoint, database.totalChangesCount != changesBefore { throw HalfDone() }
            }
          },
          answer: { failure in continuation.resume(with: failure.map { .failure($0) } ?? result) }))
      if !isRunning {
        isRunning = true
        Task { await drain() }
      }
    }
  }

  private func drain() async {
    while !waiting.isEmpty {
      let writes = Array(waiting.prefix(GroupCommit.writesMost))
      waiting.removeFirst(writes.count)
      if await commit(UncheckedWrites(list: writes)) { onCommit() }
    }
    isRunning = false
  }

  /// - Returns: whether anything has changed. A transaction that failed, or wrote nothing, wakes nobody: who waits would
  /// look, find the same, and write nothing again, at full speed.
  private func commit(_ writes: UncheckedWrites) async -> Bool {
    // A task of its own: GRDB looks at cancellation, and nobody's cancellation may end the writes of others.
    await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
      writer.asyncWriteWithoutTransaction { database in
        var failure: (any Error)?
        let changesBefore = database.totalChangesCount
        do {
          let isDurable = writes.list.contains { $0.durability == .full }
          try database.execute(sql: "PRAGMA synchronous = \(isDurable ? "FULL" : "NORMAL")")
          do {
            try GroupCommit.run(writes.list, database, inSavepoints: false)
          } catch is HalfDone {
            try GroupCommit.run(writes.list, database, inSavepoints: true)
          }
        } catch {
          failure = error
        }
        for write in writes.list { write.answer(failure) }
        done.resume(returning: failure == nil && database.totalChangesCount != changesBefore)
      }
    }
  }

  private static func run(_ writes: [Write], _ database: Database, inSavepoints: Bool) throws {
    try database.inTransaction(.immediate) {
      let tables = JobTables(database)
      for write in writes { try write.run(tables, inSavepoints) }
      try tables.finish()
      return .commit
    }
  }

  /// `@unchecked Sendable`: the list is handed to the one closure that uses it, and nobody keeps it.
  private struct UncheckedWrites: @unchecked Sendable { let list: [Write] }
}
