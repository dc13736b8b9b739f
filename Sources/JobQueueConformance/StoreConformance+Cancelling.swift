import JobQueue
import StorageConformance
import TallySchema

extension StoreConformance {
  static let cancelling: [Case] = [
    Case("aCancelledJobIsNotCommitted") { h in
      let job = try await h.running()
      _ = try await h.store.requestCancel(job.id, by: "a")
      let write = try await h.store.commit(job.id, epoch: 1, result: h.result(), progress: JobProgress())
      guard case .applied(let ended) = write else { throw BrokenRule("the commit was refused", line: #line) }
      try h.expect(ended.state == .cancelled && ended.result == nil, "cancelled goes before succeeded")
    },
    Case("cancelIsIdempotent") { h in
      let queued = try await h.submit(h.spec("1"))
      let first = try await h.required(h.store.requestCancel(queued.id, by: "a"))
      try h.expect(first.state == .cancelled, "a job that nobody runs has ended at once")
      let second = try await h.store.requestCancel(queued.id, by: "a")
      try h.expect(second == first, "a second cancellation changes nothing")
      let job = try await h.running("2")
      let asked = try await h.required(h.store.requestCancel(job.id, by: "a"))
      try h.expect(asked.state == .running && asked.cancelRequested, "a running one is asked to end")
      let released = try await h.store.release(job.id, epoch: 1)
      guard case .applied(let ended) = released else { throw BrokenRule("the release was refused", line: #line) }
      try h.expect(ended.state == .cancelled, "and ends when its worker lets go")
      let committed = try await h.succeeded("3")
      try await h.store.markPublished(committed.id, generation: 1)
      let done = try await h.job(committed.id)
      let kept = try await h.store.requestCancel(done.id, by: "a")
      try h.expect(kept == done, "a final job stays as it is")
      let none = try await h.store.requestCancel("nobody", by: "a")
      try h.expect(none == nil, "an unknown ID finds nothing")
    },
    Case("cancelQueuedImmediate") { h in
      let queued = try await h.submit(h.spec("1"))
      let waiting = try await h.submit(h.spec("2", startAt: h.clock.now + 1_000))
      for job in [queued, waiting] {
        let ended = try await h.required(h.store.requestCancel(job.id, by: "a"))
        try h.expect(ended.state == .cancelled && ended.finishedAt == h.clock.now, "nobody runs it: it has ended")
        _ = try await h.submit(job.spec)
      }
    },
    Case("cancelRunningSeenWithoutNotify") { h in
      let job = try await h.submit(h.spec())
      let worker = try FakeWorker(h, holds: true)
      try await worker.whileRunning {
        try await h.eventually("the job runs") { try await h.job(job.id).state == .running }
        _ = try await h.store.requestCancel(job.id, by: "a")
        try await h.eventually("the job is cancelled") { try await h.job(job.id).state == .cancelled }
      }
    },
    Case("cancelRequestedNeverRetried") { h in
      let first = try await h.running("1")
      _ = try await h.store.requestCancel(first.id, by: "a")
      _ = try await h.store.fail(first.id, epoch: 1, failure: JobFailure(.unavailable, reason: "X", "it may pass"))
      let failed = try await h.job(first.id)
      try h.expect(failed.state == .cancelled, "an error that may pass isn't tried again: \(failed.state)")
      let second = try await h.running("2")
      _ = try await h.store.requestCancel(second.id, by: "a")
      h.clock.advance(milliseconds: 15_001)
      let none = try await h.claim("x")
      let died = try await h.job(second.id)
      try h.expect(none == nil && died.state == .cancelled, "and neither is one whose worker died: \(died.state)")
    },
    Case("finalStateImmutableExceptByRetry") { h in
      let succeeded = try await h.succeeded("1")
      try await h.store.markPublished(succeeded.id, generation: 1)
      let failed = try await h.running("2")
      _ = try await h.store.fail(failed.id, epoch: 1, failure: JobFailure(.invalidArgument, reason: "X", "x"))
      let cancelled = try await h.submit(h.spec("3"))
      _ = try await h.store.requestCancel(cancelled.id, by: "a")
      let failure = JobFailure(.unavailable, reason: "X", "x")
      for id in [succeeded.id, failed.id, cancelled.id] {
        let before = try await h.job(id)
        h.clock.advance(milliseconds: 3_600_000)
        _ = try await h.store.renew(id, epoch: before.epoch, progress: JobProgress(rows: 9))
        _ = try await h.store.commit(id, epoch: before.epoch, result: h.result("x"), progress: JobProgress())
        _ = try await h.store.fail(id, epoch: before.epoch, failure: failure)
        _ = try await h.store.release(id, epoch: before.epoch)
        _ = try await h.store.requestCancel(id, by: "a")
        try await h.store.markPublished(id, generation: 1)
        try await h.store.markUnpublishable(id, generation: 1, failure: failure)
        let none = try await h.claim()
        let after = try await h.job(id)
        try h.expect(none == nil && after == before, "a job that is \(before.state) stays as it is")
      }
      let again = try await h.store.retry(failed.id, by: "a", existingOutputs: [])
      try h.expect(again.state == .queued, "but for a retry that was asked for")
    },
  ]
}
