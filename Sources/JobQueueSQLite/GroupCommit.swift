import Dispatch
import GRDB
import JobQueue
import Synchronization

/// Gathers writes that wait at the same time into one transaction, and transactions into one sync of the write-ahead log
/// (group commit). While one sync is under way, the next transaction is written.
///
/// SQLite itself would sync inside each commit, and its thread would wait for the disk for a third of the time. It commits
/// without (`synchronous = NORMAL`, which keeps the file whole after any crash, and syncs at each checkpoint); the log is
/// synced here, and who asked is answered after that.
///
/// A write that throws undoes nothing of the others: where it had changed something by then, the transaction is rolled back
/// and all are run again, each in a savepoint of its own. What the store writes throws
/// before its first change, so that this hardly ever happens, and savepoints for all from the start would cost each write.
/// A write is carried out even if the task that asked for it has been cancelled by then.
final class GroupCommit: Sendable {
  /// Whether a write must be on disk before it is answered.
  enum Durability { case full, none }

  /// A write has failed after it had changed something.
  fileprivate struct HalfDone: Error {}

  private let writer: any DatabaseWriter
  private let sync: @Sendable () throws(StoreUnavailable) -> Void
  private let onCommit: @Sendable () -> Void
  private let state = Mutex(GroupCommitState())
  private let syncQueue = DispatchQueue(label: "tally.store.sync")

  /// - Parameters:
  ///   - sync: returns when everything that was committed before is on disk. After it has thrown, nothing is written any
  ///     more.
  ///   - onCommit: told after every commit that has changed something.
  init(
    writer: any DatabaseWriter, sync: @escaping @Sendable () throws(StoreUnavailable) -> Void,
    onCommit: @escaping @Sendable () -> Void
  ) {
    self.writer = writer
    self.sync = sync
    self.onCommit = onCommit
  }

  /// Carries out one write and returns what it returned, when it is on disk.
  func write<Value: Sendable>(
    _ durability: Durability = .full, _ body: @escaping @Sendable (JobTables) throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      add(OneWrite(durability: durability, body: body, continuation: continuation))
    }
  }

  /// Returns when all writes of before are done and synced; those that come later fail.
  func close() async {
    // The writes' own callers get their errors.
    _ = try? await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      add(OneWrite(durability: .full, body: { _ in }, continuation: continuation), isLast: true)
    }
  }

  private func add(_ write: any PendingWrite, isLast: Bool = false) {
    let (isClosed, starts) = state.withLock { state in
      if state.isClosed { return (true, false) }
      return (false, isLast ? state.close(write) : state.add(write))
    }
    if isClosed { write.answer(StoreUnavailable("the store is closed")) }
    if starts { startWriter() }
  }

  /// Returns when everything that can have been read of these jobs is on disk. Others aren't waited for: a slow disk delays
  /// who asks of what has just changed, and nobody else.
  ///
  /// - Throws: `StoreUnavailable`, when it never will be.
  func settle(_ jobs: [String]) async throws {
    let (isSettled, failure) = state.withLock { ($0.isSettled(jobs), $0.failure) }
    if let failure { throw failure }
    if isSettled { return }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let answer: GroupCommitState.Reply = { failure in
        continuation.resume(with: failure.map { .failure($0) } ?? .success(()))
      }
      let (isKept, failure) = state.withLock { ($0.settle(jobs, answer), $0.failure) }
      if !isKept { answer(failure) }
    }
  }

  // MARK: The writer's thread

  // No task: GRDB looks at its cancellation, and nobody's cancellation may end the writes of others.
  private func startWriter() {
    writer.asyncWriteWithoutTransaction { database in
      while let writes = self.state.withLock({ $0.next() }) { self.commit(writes, database) }
    }
  }

  private func commit(_ first: [any PendingWrite], _ database: Database) {
    var writes = first
    var failure: (any Error)? = state.withLock(\.failure)
    var changesBefore = database.totalChangesCount
    do {
      if let failure { throw failure }
      do {
        try run(database) { tables in
          var next = first
          while !next.isEmpty {
            for write in next { try write.run(tables, inSavepoint: false) }
            next = state.withLock { $0.more(besides: writes.count) }
            writes += next
          }
        }
      } catch is HalfDone {
        changesBefore = database.totalChangesCount
        try run(database) { tables in
          for write in writes { try write.run(tables, inSavepoint: true) }
        }
      }
    } catch let error {
      failure = error
    }
    end(writes, failure, hasChanged: database.totalChangesCount != changesBefore)
  }

  private func run(_ database: Database, _ body: (JobTables) throws -> Void) throws {
    try database.inTransaction(.immediate) {
      let tables = JobTables(database)
      try body(tables)
      try tables.finish()
      state.withLock { $0.beginCommit(tables.changed) }
      return .commit
    }
  }

  private func end(_ writes: [any PendingWrite], _ failure: (any Error)?, hasChanged: Bool) {
    var answers: [GroupCommitState.Reply] = []
    if failure == nil {
      answers = writes.filter { $0.durability == .full }.map { write in { write.answer($0) } }
    }
    let mustSync = hasChanged && !answers.isEmpty
    // A transaction that failed or wrote nothing wakes no waiting task. A woken task would find nothing new, write
    // nothing, and so be woken again, in a busy loop.
    let tells = hasChanged && failure == nil
    let writesToSync = answers.count
    if tells, mustSync { answers.append { [onCommit] failure in if failure == nil { onCommit() } } }
    let (ended, lost) = state.withLock { state in
      (state.endCommit(mustSync: mustSync, writes: writesToSync, answers), state.failure)
    }
    if ended.startsSync { syncQueue.async { self.syncAll() } }
    let outcome = failure ?? lost
    for write in writes where failure != nil || write.durability == .none { write.answer(outcome) }
    for answer in ended.atOnce { answer(lost) }
    if tells, !mustSync { onCommit() }
  }

  // MARK: The sync's thread

  private func syncAll() {
    var goesOn = true
    while goesOn {
      var failure: StoreUnavailable?
      do throws(StoreUnavailable) {
        try sync()
      } catch {
        failure = error
      }
      let ended = state.withLock { state in
        let ended = state.endSync(failure)
        failure = state.failure
        return ended
      }
      if ended.startsWriter { startWriter() }
      for answer in ended.answers { answer(failure) }
      goesOn = ended.goesOn
    }
  }
}

private final class OneWrite<Value: Sendable>: PendingWrite {
  let durability: GroupCommit.Durability
  private let body: @Sendable (JobTables) throws -> Value
  private let continuation: CheckedContinuation<Value, any Error>
  /// Set by the writer's thread, before the answer, which may be given by the sync's: the state's lock lies between them.
  private nonisolated(unsafe) var result: Result<Value, any Error> = .failure(
    DatabaseError(message: "the write didn't run"))

  init(
    durability: GroupCommit.Durability, body: @escaping @Sendable (JobTables) throws -> Value,
    continuation: CheckedContinuation<Value, any Error>
  ) {
    self.durability = durability
    self.body = body
    self.continuation = continuation
  }

  func run(_ tables: JobTables, inSavepoint: Bool) throws {
    let database = tables.database
    let changesBefore = database.totalChangesCount
    do {
      result = .success(try inSavepoint ? tables.savepoint(body) : body(tables))
    } catch let error as DatabaseError where !database.isInsideTransaction {
      throw error
    } catch {
      result = .failure(error)
      if !inSavepoint, database.totalChangesCount != changesBefore { throw GroupCommit.HalfDone() }
    }
  }

  func answer(_ failure: (any Error)?) { continuation.resume(with: failure.map { .failure($0) } ?? result) }
}
