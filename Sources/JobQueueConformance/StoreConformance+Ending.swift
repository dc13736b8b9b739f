import JobQueue
import StorageConformance
import TallySchema

extension StoreConformance {
  static let ending: [Case] = [
    Case("aCommitIsTheOneDecision") { h in
      let job = try await h.running()
      let write = try await h.store.commit(
        job.id, epoch: 1, result: h.result(), progress: JobProgress(phase: .done, rows: 3))
      guard case .applied(let ended) = write else { throw BrokenRule("the commit was refused", line: #line) }
      try h.expect(
        ended.state == .succeeded && ended.publication == .pending && ended.result?.generation == 1, "succeeded")
      try h.expect(ended.lease == nil && ended.finishedAt == h.clock.now && ended.progress.rows == 3, "and at rest")
      let again = try await h.store.commit(job.id, epoch: 1, result: h.result(), progress: JobProgress())
      try h.expect(again == .stale(ended), "a repeated commit, whose answer was lost, reads what was decided")
    },
    Case("anErrorOfTheInputEndsTheJob") { h in
      let job = try await h.running()
      let failure = JobFailure(
        .invalidArgument, reason: "NOT_A_NUMBER", "in.csv:2:1: no number", file: "in.csv", line: 2)
      guard case .applied(let ended) = try await h.store.fail(job.id, epoch: 1, failure: failure) else {
        throw BrokenRule("the failure was refused", line: #line)
      }
      try h.expect(
        ended.state == .failed && ended.attempts == 1 && ended.error?.line == 2, "failed at the first attempt")
      _ = try await h.submit(h.spec())
    },
    Case("anErrorOfTheMachineIsTriedThreeTimes") { h in
      let job = try await h.submit(h.spec())
      for attempt in 1...3 {
        let run = try await h.required(h.claim())
        let failure = JobFailure(.resourceExhausted, reason: "DISK_FULL", "full")
        _ = try await h.store.fail(run.id, epoch: run.epoch, failure: failure)
        let now = try await h.job(job.id)
        try h.expect(now.attempts == attempt && now.rescues == 0, "attempts are counted apart from rescues")
        try h.expect(now.state == (attempt == 3 ? .failed : .queued), "queued again until the third: \(now.state)")
        try h.expect(now.error?.attempt == attempt, "the status tells the last error")
        let early = try await h.claim()
        try h.expect(early == nil, "not at once")
        h.clock.advance(milliseconds: JobLifecycle.backoffMilliseconds(attempts: attempt, id: job.id))
      }
    },
    Case("orderlyStopCostsNothing") { h in
      let job = try await h.running()
      _ = try await h.store.release(job.id, epoch: 1)
      let now = try await h.job(job.id)
      try h.expect(
        now.state == .queued && now.attempts == 0 && now.rescues == 0 && now.lease == nil, "as if it hadn't run")
      let again = try await h.required(h.claim())
      try h.expect(again.epoch == 2, "but under a new epoch")
    },
    Case("endedJobsAreForgottenButNotTheirOutputs") { h in
      let first = try await h.succeeded()
      let generation = try h.required(first.result).generation
      let moment = h.clock.now + 1
      var count = try await h.store.prune(endedBefore: moment, most: 10)
      try h.expect(count == 0, "not while it isn't published")
      try await h.store.markPublished(first.id, generation: generation)
      count = try await h.store.prune(endedBefore: moment, most: 10)
      let gone = try await h.store.job(first.id)
      try h.expect(count == 1 && gone == nil, "it is forgotten")
      let second = try await h.succeeded()
      try h.expect(second.result?.generation == generation + 1, "the generations of its output go on")
    },
    Case("aFailedOrCancelledJobMayBeRetried") { h in
      let job = try await h.running()
      _ = try await h.store.fail(job.id, epoch: 1, failure: JobFailure(.invalidArgument, reason: "X", "x"))
      let again = try await h.store.retry(job.id, by: "a", existingOutputs: [])
      try h.expect(
        again.state == .queued && again.attempts == 0 && again.error == nil && again.finishedAt == nil, "queued anew")
      _ = try await h.refused { _ = try await h.submit(h.spec()) }
      let run = try await h.required(h.claim())
      try h.expect(run.id == job.id && run.epoch == 2, "under an epoch that goes on")
      let error = try await h.refused { _ = try await h.store.retry(job.id, by: "a", existingOutputs: []) }
      try h.expect(error == .wrongState(jobID: job.id, .running), "a running job isn't retried")
      _ = try await h.store.requestCancel(job.id, by: "a")
      _ = try await h.store.release(job.id, epoch: 2)
      let cancelled = try await h.store.retry(job.id, by: "a", existingOutputs: [])
      try h.expect(cancelled.state == .queued && !cancelled.cancelRequested, "a cancelled one is")
      let none = try await h.refused { _ = try await h.store.retry("nobody", by: "a", existingOutputs: []) }
      try h.expect(none == .notFound(jobID: "nobody"), "an unknown ID finds nothing")
    },
    Case("aRetriedJobNeedsItsOutputsName") { h in
      let first = try await h.submit(h.spec())
      _ = try await h.store.requestCancel(first.id, by: "a")
      let second = try await h.submit(h.spec())
      let error = try await h.refused { _ = try await h.store.retry(first.id, by: "a", existingOutputs: []) }
      try h.expect(error == .outputReserved(name: "out.csv", jobID: second.id), "another job has it")
      let now = try await h.job(first.id)
      try h.expect(now.state == .cancelled, "and nothing has changed")
    },
    Case("onlyAnEndedAndSettledJobIsDeleted") { h in
      let queued = try await h.submit(h.spec("1"))
      let error = try await h.refused { try await h.store.delete(queued.id) }
      try h.expect(error == .wrongState(jobID: queued.id, .queued), "not while it is unfinished")
      _ = try await h.store.requestCancel(queued.id, by: "a")
      let done = try await h.succeeded("2")
      _ = try await h.refused { try await h.store.delete(done.id) }
      try await h.store.markPublished(done.id, generation: 1)
      for job in [queued, done] {
        try await h.store.delete(job.id)
        let gone = try await h.store.job(job.id)
        try h.expect(gone == nil, "it is gone")
      }
      let none = try await h.refused { try await h.store.delete(done.id) }
      try h.expect(none == .notFound(jobID: done.id), "and isn't found again")
    },
    Case("jobsAreCountedByState") { h in
      _ = try await h.running("1")
      _ = try await h.submit(h.spec("2"))
      _ = try await h.submit(h.spec("3"))
      let counts = try await h.store.counts(owner: nil, includesUnnamed: true)
      try h.expect(counts == [.running: 1, .queued: 2], "\(counts)")
    },
  ]
}
