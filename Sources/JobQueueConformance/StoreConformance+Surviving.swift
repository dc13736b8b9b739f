import JobQueue
import StorageConformance
import TallySchema

extension StoreConformance {
  static let surviving: [Case] = [
    Case("ackedSubmitSurvivesKill") { h in
      let acknowledged = try await withThrowingTaskGroup(of: JobRecord.self) { group in
        for index in 0..<50 { group.addTask { try await h.submit(h.spec("\(index)"), key: "k\(index)") } }
        return try await group.reduce(into: [JobRecord]()) { $0.append($1) }
      }
      try await h.place.kill(h.store)
      let next = try await h.place.open(clock: h.clock, limits: h.limits)
      for job in acknowledged {
        let found = try await next.job(job.id)
        try h.expect(found == job, "what was acknowledged is there, as it was")
      }
      let again = try await next.submit(JobSubmission(owner: "a", spec: h.spec("0"), idempotencyKey: "k0"))
      try h.expect(acknowledged.contains { $0.id == again.id }, "and a repeated submission finds it")
      try await next.close()
    },
    Case("whatAKilledWorkerRanIsRunAgain") { h in
      let job = try await h.running()
      try await h.place.kill(h.store)
      let next = try await h.place.open(clock: h.clock, limits: h.limits)
      h.clock.advance(milliseconds: 15_001)
      let again = try await h.required(next.claim(worker: "x", offer: .unlimited))
      try h.expect(again.id == job.id && again.epoch == 2 && again.rescues == 1, "under the next epoch")
      let stale = try await next.commit(job.id, epoch: 1, result: h.result(), progress: JobProgress())
      try h.expect(stale == .stale(again), "and the old one is fenced")
      try await next.close()
    },
    Case("lostCommitReplySettled") { h in
      try await h.place.loseNextReply(of: h.store)
      let job = try await h.submit(h.spec())
      let all = try await h.store.list(JobQuery(owner: "a"))
      try h.expect(all.jobs.map(\.id) == [job.id], "a submission whose reply was lost has made one job")
      let run = try await h.required(h.claim())
      try await h.place.loseNextReply(of: h.store)
      _ = try await h.store.commit(job.id, epoch: run.epoch, result: h.result("kept"), progress: JobProgress())
      let again = try await h.store.commit(job.id, epoch: run.epoch, result: h.result("late"), progress: JobProgress())
      let ended = try await h.job(job.id)
      try h.expect(again == .stale(ended), "a commit whose reply was lost is settled by reading back")
      try h.expect(ended.result?.file == "kept" && ended.result?.generation == 1, "and was carried out once")
      let cancelled = try await h.submit(h.spec("2"))
      try await h.place.loseNextReply(of: h.store)
      let asked = try await h.store.requestCancel(cancelled.id, by: "a")
      try h.expect(asked?.state == .cancelled, "so is a cancellation")
      try await h.place.loseNextReply(of: h.store)
      let retried = try await h.store.retry(cancelled.id, by: "a", existingOutputs: [])
      try h.expect(retried.state == .queued, "and a retry")
      _ = try await h.store.requestCancel(cancelled.id, by: "a")
      try await h.place.loseNextReply(of: h.store)
      try await h.store.delete(cancelled.id)
      let gone = try await h.store.job(cancelled.id)
      try h.expect(gone == nil, "and a deletion")
    },
    Case("storeAwayThenBack") { h in
      let job = try await h.running()
      try await h.place.takeAway()
      do {
        _ = try await h.submit(h.spec("2"))
        throw BrokenRule("a store that is away has taken a job", line: #line)
      } catch let error as StoreUnavailable {
        try h.expect(error.reason == "STORE_AWAY", "the error says so: \(error.reason)")
      }
      try await h.place.bringBack()
      try await h.eventually("the store answers") { (try? await h.store.check()) != nil }
      let renewed = try await h.store.renew(job.id, epoch: 1, progress: JobProgress(bytesRead: 1))
      guard case .applied = renewed else { throw BrokenRule("the holder has lost its job", line: #line) }
      _ = try await h.store.commit(job.id, epoch: 1, result: h.result(), progress: JobProgress())
      let ended = try await h.job(job.id)
      try h.expect(ended.state == .succeeded && ended.rescues == 0, "and its run has cost nothing")
      _ = try await h.submit(h.spec("2"))
    },
    Case("pruneNeverTouchesUnfinished") { h in
      let queued = try await h.submit(h.spec("1"))
      _ = try await h.submit(h.spec("2", startAt: h.clock.now + 3_600_000))
      let pending = try await h.succeeded("3")
      _ = queued
      var left = try await h.store.prune(endedBefore: h.clock.now + 3_600_000_000, most: 100)
      try h.expect(left == 0, "unfinished jobs and unpublished ones stay: \(left)")
      try await h.store.markPublished(pending.id, generation: 1)
      for index in 0..<5 {
        let job = try await h.submit(h.spec("x\(index)"))
        _ = try await h.store.requestCancel(job.id, by: "a")
      }
      left = try await h.store.prune(endedBefore: h.clock.now + 1, most: 4)
      try h.expect(left == 4, "a batch at a time: \(left)")
      left = try await h.store.prune(endedBefore: h.clock.now + 1, most: 4)
      try h.expect(left == 2, "until none is left: \(left)")
      let rest = try await h.store.list(JobQuery(owner: "a"))
      try h.expect(rest.jobs.count == 2, "the unfinished ones are there")
    },
  ]
}
