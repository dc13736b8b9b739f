import JobQueue

/// Where writes stand on their way to the disk: they wait, are written in one transaction, and are synced. A sync goes on
/// beside the next transaction, so that neither waits for the other. It does nothing itself, and says what is to be done.
struct GroupCommitState: Sendable {
  /// Answers who asked: with the error that undid what was written, if there is one.
  typealias Reply = @Sendable ((any Error)?) -> Void

  /// Writes of one transaction, at the most.
  static let writesMost = 256
  /// Writes for which a transaction is begun while a sync is under way, at the least.
  static let writesWorthIt = 16

  private var waiting: [any PendingWrite] = []
  /// The writer's thread is at work, and asks here again before it ends.
  private(set) var isWriting = false
  /// What a sync brings to the disk: the jobs that have changed, and who is answered then.
  private struct Batch {
    var jobs: Set<String> = []
    /// How many writes are answered; among the answers are readers' as well.
    var writes = 0
    var answers: [Reply] = []
  }

  /// The jobs of the transaction that is being committed: others may see it already.
  private var committing: Set<String> = []
  /// What is committed, and isn't part of the sync that is under way.
  private var unsynced = Batch()
  private var syncing = Batch()
  private(set) var isSyncing = false
  /// Why nothing is written any more: a sync has failed, and what the disk has isn't known.
  private(set) var failure: StoreUnavailable?
  private(set) var isClosed = false

  /// Adds a write.
  ///
  /// - Returns: whether the writer's thread is to be started.
  mutating func add(_ write: any PendingWrite) -> Bool {
    waiting.append(write)
    return startWriter()
  }

  /// Adds the last write; when it is answered, all before it are done. Who comes later is to be refused.
  mutating func close(_ write: any PendingWrite) -> Bool {
    isClosed = true
    return add(write)
  }

  private mutating func startWriter() -> Bool {
    guard !isWriting, isWorthWriting else { return false }
    isWriting = true
    return true
  }

  /// While a sync is under way, a transaction waits until it is as large as what is synced: large ones cost less for each
  /// write, and of callers who wait for their answers, one half is written while the other's is brought to the disk.
  private var isWorthWriting: Bool {
    !waiting.isEmpty && (!isSyncing || waiting.count >= max(GroupCommitState.writesWorthIt, syncing.writes))
  }

  /// What the writer's thread writes next; nil: it ends.
  mutating func next() -> [any PendingWrite]? {
    isWriting = isWorthWriting
    return isWriting ? take(most: GroupCommitState.writesMost) : nil
  }

  /// What has come while a transaction of so many writes was written, and joins it.
  mutating func more(besides count: Int) -> [any PendingWrite] { take(most: GroupCommitState.writesMost - count) }

  private mutating func take(most: Int) -> [any PendingWrite] {
    let taken = Array(waiting.prefix(most))
    waiting.removeFirst(taken.count)
    return taken
  }

  /// - Parameter jobs: that the transaction has changed.
  mutating func beginCommit(_ jobs: Set<String>) { committing = jobs }

  /// The transaction has ended.
  ///
  /// - Parameters:
  ///   - mustSync: it has written something that must be on disk.
  ///   - writes: that must be on disk before they are answered.
  ///   - answers: of those writes, and of whoever else waits for the same.
  /// - Returns: those that may be answered at once, with the state's failure if there is one; and whether a sync is to be
  ///   started.
  mutating func endCommit(mustSync: Bool, writes: Int, _ answers: [Reply]) -> (atOnce: [Reply], startsSync: Bool) {
    if mustSync { unsynced.jobs.formUnion(committing) }
    committing = []
    // A transaction without changes may have read changes that aren't on disk yet.
    let waits = mustSync || isSyncing || !unsynced.answers.isEmpty
    if waits {
      unsynced.writes += writes
      unsynced.answers += answers
    }
    let startsSync = !isSyncing && !unsynced.answers.isEmpty
    if startsSync { beginSync() }
    return (waits ? [] : answers, startsSync)
  }

  private mutating func beginSync() {
    syncing = unsynced
    unsynced = Batch()
    isSyncing = !syncing.answers.isEmpty
  }

  /// A sync has ended.
  ///
  /// - Returns: who is answered; whether another one follows; and whether the writer's thread is to be started.
  mutating func endSync(_ failure: StoreUnavailable?) -> (answers: [Reply], goesOn: Bool, startsWriter: Bool) {
    self.failure = self.failure ?? failure
    let answers = syncing.answers
    beginSync()
    return (answers, isSyncing, startWriter())
  }

  /// Whether everything that can have been read of these jobs is on disk.
  func isSettled(_ jobs: [String]) -> Bool {
    jobs.allSatisfy { !committing.contains($0) && !unsynced.jobs.contains($0) && !syncing.jobs.contains($0) }
  }

  /// Adds an answer that is given when everything that can have been read of these jobs is on disk.
  ///
  /// - Returns: false when it is so already, and the answer isn't kept.
  mutating func settle(_ jobs: [String], _ answer: @escaping Reply) -> Bool {
    if isSettled(jobs) { return false }
    if jobs.contains(where: { committing.contains($0) || unsynced.jobs.contains($0) }) {
      unsynced.answers.append(answer)
    } else {
      syncing.answers.append(answer)
    }
    return true
  }
}

/// A write that waits for its turn.
protocol PendingWrite: Sendable {
  var durability: GroupCommit.Durability { get }
  /// Runs the body, and keeps what it returned or threw. It may be run again.
  ///
  /// - Throws: what has undone the whole transaction, such as a full disk; `HalfDone`.
  func run(_ tables: JobTables, inSavepoint: Bool) throws
  /// Answers the caller once the write's end is known: with the error that undid it, if there is one.
  func answer(_ failure: (any Error)?)
}
