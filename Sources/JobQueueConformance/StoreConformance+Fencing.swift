import JobQueue
import StorageConformance
import TallySchema

extension StoreConformance {
  /// A first run whose lease expired, and the second that has the job now.
  private static func rescued(_ h: StoreHarness) async throws -> (old: JobRecord, new: JobRecord) {
    let old = try await h.running()
    h.clock.advance(milliseconds: 15_001)
    return (old, try await h.required(h.claim("x")))
  }

  static let fencing: [Case] = [
    Case("staleFinishFailHeartbeatProgressAllRejected") { h in
      let (old, new) = try await rescued(h)
      let failure = JobFailure(.unavailable, reason: "X", "x")
      let writes = [
        try await h.store.renew(old.id, epoch: old.epoch, progress: JobProgress(rows: 9)),
        try await h.store.commit(old.id, epoch: old.epoch, result: h.result(), progress: JobProgress()),
        try await h.store.fail(old.id, epoch: old.epoch, failure: failure),
        try await h.store.release(old.id, epoch: old.epoch),
      ]
      for write in writes { try h.expect(write == .stale(new), "a stale write says so, and changes nothing") }
      let now = try await h.job(new.id)
      try h.expect(now == new, "the job is as its successor has it")
    },
    Case("anOldEpochCannotFinishTheJobAfterTheSuccessorHas") { h in
      let (old, new) = try await rescued(h)
      _ = try await h.store.commit(new.id, epoch: new.epoch, result: h.result("new"), progress: JobProgress())
      let write = try await h.store.commit(old.id, epoch: old.epoch, result: h.result("old"), progress: JobProgress())
      guard case .stale(let now) = write else { throw BrokenRule("a stale commit was taken", line: #line) }
      try h.expect(now.result?.file == "new", "the successor's result stays")
    },
    Case("lateRenewalByTheCurrentEpochIsAccepted") { h in
      let job = try await h.running()
      h.clock.advance(milliseconds: 3_600_000)
      let renewed = try await h.store.renew(job.id, epoch: job.epoch, progress: JobProgress(rows: 5))
      guard case .applied(let now) = renewed else { throw BrokenRule("the renewal was refused", line: #line) }
      try h.expect(now.lease?.expiresAt == h.clock.now + 15_000, "the lease is extended from now")
      h.clock.advance(milliseconds: 3_600_000)
      let committed = try await h.store.commit(job.id, epoch: job.epoch, result: h.result(), progress: JobProgress())
      guard case .applied(let ended) = committed else { throw BrokenRule("the commit was refused", line: #line) }
      try h.expect(ended.state == .succeeded, "an expired lease alone costs nothing")
    },
    Case("progressMonotonicWithinAttempt") { h in
      let job = try await h.running()
      _ = try await h.store.renew(job.id, epoch: 1, progress: JobProgress(phase: .reading, bytesRead: 10, rows: 5))
      _ = try await h.store.renew(job.id, epoch: 1, progress: JobProgress(phase: .reading, bytesRead: 4, rows: 2))
      let now = try await h.job(job.id)
      try h.expect(now.progress.rows == 5 && now.progress.bytesRead == 10, "the later report was older")
    },
    Case("epochStrictlyIncreasesAndNeverResets") { h in
      var job = try await h.running()
      var seen = [job.cursor]
      for _ in 0..<3 {
        _ = try await h.store.renew(job.id, epoch: job.epoch, progress: JobProgress(bytesRead: seen.count))
        seen.append(try await h.job(job.id).cursor)
        h.clock.advance(milliseconds: 15_001)
        job = try await h.required(h.claim())
        seen.append(job.cursor)
      }
      try h.expect(seen == seen.sorted() && Set(seen).count == seen.count, "cursors strictly increase: \(seen)")
      try h.expect(zip(seen, seen.dropFirst()).allSatisfy { $0.sequence < $1.sequence }, "and so do sequences")
    },
  ]
}
