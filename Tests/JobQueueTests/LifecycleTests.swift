import JobQueue
import TallySchema
import Testing

/// The lifecycle by table: every state against every event. Stores are tested by the conformance suite.
@Suite struct LifecycleTests {
  private let lifecycle = JobLifecycle(limits: .standard)
  private let now = Timestamp(milliseconds: 1_000_000)

  private func job(_ state: JobState, cancelRequested: Bool = false) -> JobRecord {
    var job = JobRecord(
      id: "j", owner: "a", spec: JobSpec(input: "i", output: "o"), state: state, createdAt: now, readyAt: now)
    job.epoch = 3
    job.sequence = 10
    job.cancelRequested = cancelRequested
    if state == .running { job.lease = JobLease(worker: "w", expiresAt: now + 15_000) }
    if state == .succeeded {
      job.result = CommittedResult(file: "f", bytes: 1, rows: 1, sha256: "", generation: 2)
      job.publication = .pending
    }
    if state.isFinal { job.finishedAt = now }
    return job
  }

  @Test(arguments: JobState.allCases) func onlyARunningJobTakesAWorkersWrite(state: JobState) {
    let before = job(state)
    let result = CommittedResult(file: "g", bytes: 1, rows: 1, sha256: "", generation: 3)
    let writes = [
      lifecycle.renew(before, epoch: 3, progress: JobProgress(rows: 1), now: now),
      lifecycle.commit(before, epoch: 3, result: result, progress: JobProgress(), now: now),
      lifecycle.fail(before, epoch: 3, failure: JobFailure(.internal, reason: "X", ""), now: now),
      lifecycle.release(before, epoch: 3, now: now),
    ]
    for write in writes { #expect((write == .stale(before)) == (state != .running)) }
  }

  /// A lease is its holder's up to its last millisecond.
  @Test func aRunningJobIsClaimedOnceItsLeaseHasExpired() {
    let before = job(.running)
    for milliseconds in [0, 14_999, 15_000] {
      #expect(lifecycle.claim(before, worker: "x", now: now + milliseconds) == .notYet, "after \(milliseconds) ms")
    }
    guard case .run(let rescued) = lifecycle.claim(before, worker: "x", now: now + 15_001) else {
      Issue.record("a job whose lease has expired is claimed")
      return
    }
    #expect(rescued.epoch == 4 && rescued.rescues == 1 && rescued.lease?.worker == "x")
  }

  @Test(arguments: [2, 4]) func onlyTheCurrentEpochMayWrite(epoch: Int) {
    let before = job(.running)
    #expect(lifecycle.release(before, epoch: epoch, now: now) == .stale(before))
  }

  @Test(arguments: [
    (JobState.waiting, JobState.cancelled), (.queued, .cancelled), (.running, .running), (.succeeded, .succeeded),
    (.failed, .failed), (.cancelled, .cancelled),
  ])
  func cancelEndsWhatNobodyRuns(before: JobState, after: JobState) {
    let cancelled = lifecycle.requestCancel(job(before), now: now)
    #expect(cancelled.state == after)
    #expect(cancelled.cancelRequested == (before == .running))
    #expect(lifecycle.requestCancel(cancelled, now: now) == cancelled)
  }

  @Test(arguments: JobState.allCases) func nothingLeavesAFinalState(state: JobState) {
    guard state.isFinal else { return }
    var before = job(state)
    if state == .succeeded { before.publication = .published }
    #expect(lifecycle.claim(before, worker: "x", now: now + 1_000_000) == .notYet)
    #expect(lifecycle.wake(before, now: now + 1_000_000) == nil)
    #expect(lifecycle.requestCancel(before, now: now) == before)
  }

  @Test func everyChangeRaisesTheSequence() {
    let claimed = lifecycle.claim(job(.queued), worker: "x", now: now)
    guard case .run(let run) = claimed else { return #expect(Bool(false), "the job wasn't claimed") }
    #expect(run.sequence == 11 && run.epoch == 4)
    let published = lifecycle.publish(job(.succeeded), generation: 2, now: Timestamp(milliseconds: 5))
    #expect(published.sequence == 11 && published.publication == .published)
    #expect(published.finishedAt == Timestamp(milliseconds: 5), "it ends when it is shown as ended")
    #expect(lifecycle.publish(published, generation: 2, now: now) == published, "a second time changes nothing")
  }

  @Test(arguments: [
    (RPCStatus.invalidArgument, "NOT_A_NUMBER", false), (.notFound, "INPUT_NOT_FOUND", false),
    (.aborted, "INPUT_CHANGED", false),
    (.internal, "INTERNAL", false), (.unavailable, "OUTPUT_FAILED", true), (.resourceExhausted, "DISK_FULL", true),
    (.resourceExhausted, "MEMORY_BUDGET", false),
  ])
  func onlyErrorsOfTheMachineMayPass(status: RPCStatus, reason: String, mayPass: Bool) {
    #expect(JobLifecycle.mayPass(JobFailure(status, reason: reason, "")) == mayPass)
  }

  @Test func idsAreUUIDsOfVersion7ThatSortByTime() {
    let ids = (0..<100).map { JobID.make(now: now + $0) }
    #expect(ids == ids.sorted())
    #expect(Set(ids).count == 100)
    for id in ids {
      #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    }
  }
}
