import JobQueue
import Synchronization
import TestSupport
import Testing

@testable import JobQueueSQLite

/// The order in which writes are written, synced and answered, whatever comes between.
@Suite struct GroupCommitStateTests {
  private struct Write: PendingWrite {
    var durability = GroupCommit.Durability.full
    func run(_ tables: JobTables, inSavepoint: Bool) throws {}
    func answer(_ failure: (any Error)?) {}
  }

  /// The state by reference: an expectation can't change a value.
  private final class Machine {
    var state = GroupCommitState()
    var isSettled: Bool { state.isSettled(["a"]) }
    func add(_ write: Write) -> Bool { state.add(write) }
    func next() -> Int? { state.next()?.count }
    func more(besides count: Int) -> Int { state.more(besides: count).count }
    func beginCommit() { state.beginCommit(["a"]) }
    func endCommit(
      mustSync: Bool, _ answers: [GroupCommitState.Reply]
    ) -> (atOnce: [GroupCommitState.Reply], startsSync: Bool) {
      state.endCommit(mustSync: mustSync, writes: answers.count, answers)
    }
    func endSync() -> (answers: [GroupCommitState.Reply], goesOn: Bool, startsWriter: Bool) { state.endSync(nil) }
    func settle(_ job: String = "a") -> Bool { state.settle([job]) { _ in } }
  }

  @Test func aLoneWriteIsWrittenSyncedAndAnswered() {
    let state = Machine()
    #expect(state.add(Write()))
    #expect(state.next() == 1)
    state.beginCommit()
    let ended = state.endCommit(mustSync: true, [{ _ in }])
    #expect(ended.atOnce.isEmpty && ended.startsSync)
    #expect(state.next() == nil && !state.isSettled)
    let synced = state.endSync()
    #expect(synced.answers.count == 1 && !synced.goesOn && !synced.startsWriter && state.isSettled)
  }

  @Test func fewWritesWaitForTheSyncsEnd() {
    let state = Machine()
    _ = state.add(Write())
    _ = state.next()
    _ = state.endCommit(mustSync: true, [{ _ in }])
    _ = state.next()
    for _ in 1..<GroupCommitState.writesWorthIt { #expect(!state.add(Write())) }
    #expect(state.add(Write()))
    #expect(state.next() == GroupCommitState.writesWorthIt)
    #expect(!state.add(Write()), "it is at work")
    #expect(state.more(besides: GroupCommitState.writesMost) == 0)
    #expect(state.more(besides: 1) == 1)
    // What ends while a sync is under way has the next one.
    #expect(!state.endCommit(mustSync: true, [{ _ in }]).startsSync)
    #expect(state.next() == nil)
    #expect(!state.add(Write()))
    let synced = state.endSync()
    #expect(synced.answers.count == 1 && synced.goesOn && !synced.startsWriter)
    let second = state.endSync()
    #expect(second.answers.count == 1 && !second.goesOn && second.startsWriter)
  }

  @Test func whatChangesNothingIsAnsweredAtOnceWhereNothingIsUnsynced() {
    let state = Machine()
    let refused = state.endCommit(mustSync: false, [{ _ in }])
    #expect(refused.atOnce.count == 1 && !refused.startsSync && state.isSettled)
    _ = state.endCommit(mustSync: true, [{ _ in }])
    // It may have been refused for a job that isn't on disk yet.
    #expect(state.endCommit(mustSync: false, [{ _ in }]).atOnce.isEmpty)
    #expect(state.endSync().goesOn)
  }

  @Test func aReadDuringACommitWaitsForItEvenIfItFails() {
    let state = Machine()
    state.beginCommit()
    #expect(!state.isSettled)
    #expect(state.settle())
    #expect(!state.settle("another"))
    let failed = state.endCommit(mustSync: false, [])
    #expect(failed.startsSync)
    #expect(state.endSync().answers.count == 1)
    #expect(!state.settle())
  }

  @Test func aReadWaitsForTheSyncThatItsJobIsPartOf() {
    let state = Machine()
    state.beginCommit()
    _ = state.endCommit(mustSync: true, [{ _ in }])
    #expect(state.settle(), "with the sync that is under way")
    _ = state.endCommit(mustSync: true, [{ _ in }])
    state.beginCommit()
    _ = state.endCommit(mustSync: true, [{ _ in }])
    #expect(state.settle(), "with the next one")
    #expect(state.endSync().answers.count == 2)
    #expect(!state.isSettled)
    #expect(state.endSync().answers.count == 3)
    #expect(state.isSettled)
  }

  /// Half of the callers are synced, and readers wait for it: the other half is worth a transaction.
  @Test func onlyWritesSayHowLargeTheNextTransactionIs() {
    let state = Machine()
    let count = GroupCommitState.writesWorthIt + 10
    state.beginCommit()
    _ = state.endCommit(mustSync: true, [GroupCommitState.Reply](repeating: { _ in }, count: count))
    for _ in 0..<50 { _ = state.settle() }
    for _ in 1..<count { #expect(!state.add(Write())) }
    #expect(state.add(Write()))
  }

  /// Against a model: random orders of everything that may come; who is answered has been synced after their commit.
  @Test(arguments: 0..<50) func nobodyIsAnsweredBeforeTheirSync(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let state = Machine()
    let answered = Mutex<Set<Int>>([])
    var (writing, syncing) = (false, false)
    var batch = 0
    var (committed, inSync, durable): (Set<Int>, Set<Int>, Set<Int>) = ([], [], [])
    var asked = 0
    for step in 0..<400 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        asked += 1
        if state.add(Write()) { writing = true }
      case 1 where writing && batch == 0:
        if let count = state.next() { batch = count } else { writing = false }
      case 2 where batch > 0:
        batch += state.more(besides: batch)
        state.beginCommit()
        committed.insert(step)
        let ended = state.endCommit(mustSync: true, [{ _ in answered.withLock { _ = $0.insert(step) } }])
        #expect(ended.atOnce.isEmpty, "seed \(seed)")
        if ended.startsSync { (syncing, inSync, committed) = (true, committed, []) }
        asked -= batch
        batch = 0
      case 3 where syncing:
        durable.formUnion(inSync)
        let ended = state.endSync()
        for answer in ended.answers { answer(nil) }
        #expect(answered.withLock { $0 } == durable, "seed \(seed)")
        (syncing, inSync, committed) = ended.goesOn ? (true, committed, []) : (false, [], committed)
        if ended.startsWriter { writing = true }
      default: break
      }
      #expect(state.state.isWriting == writing && state.state.isSyncing == syncing, "seed \(seed)")
    }
    // Nobody is forgotten.
    #expect(writing || syncing || asked == 0, "seed \(seed)")
  }
}
