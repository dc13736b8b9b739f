import JobQueue
import TallySchema

extension StoreConformance {
  static let claiming: [Case] = [
    Case("aClaimedJobRunsUnderANewEpoch") { h in
      let job = try await h.running()
      try h.expect(job.state == .running && job.epoch == 1 && job.lease?.worker == "w", "claimed by w at epoch 1")
      try h.expect(job.lease?.expiresAt == h.clock.now + 15_000, "the lease holds for 15 s")
      let next = try await h.claim()
      try h.expect(next == nil, "nobody else gets it")
    },
    Case("claimOrderByAgingPriority") { h in
      var ids: [String: String] = [:]
      for (name, priority, pause) in [("a", 0, 0), ("b", 1, 59_000), ("c", 1, 2_000), ("d", -1, 0)] {
        h.clock.advance(milliseconds: pause)
        ids[try await h.submit(h.spec(name, priority: priority)).id] = name
      }
      var order = ""
      while let job = try await h.claim() { order += ids[job.id] ?? "?" }
      try h.expect(order == "bacd", "b overtakes a within its minute, c doesn't: \(order)")
    },
    Case("notClaimableBeforeStart") { h in
      let job = try await h.submit(h.spec(startAt: h.clock.now + 1_000))
      try h.expect(job.state == .waiting, "it waits")
      let early = try await h.claim()
      try h.expect(early == nil, "it isn't claimed before")
      h.clock.advance(milliseconds: 1_000)
      let claimed = try await h.claim()
      try h.expect(claimed?.id == job.id, "it is claimed then")
    },
    Case("theFirstJobIsNotOvertakenForWantOfMemory") { h in
      _ = try await h.submit(JobSpec(input: "i", output: "large", memoryBytes: 1 << 30))
      _ = try await h.submit(h.spec("small"))
      let none = try await h.claim(offer: WorkerOffer(freeBytes: 512 << 20))
      try h.expect(none == nil, "the large one is first, and those behind it wait")
      let first = try await h.claim(offer: WorkerOffer(freeBytes: 1 << 30))
      try h.expect(first?.spec.output == "large", "it starts when its memory can be had")
    },
    Case("whatIsTooLargeForAWorkerIsLeftToOthers") { h in
      _ = try await h.submit(JobSpec(input: "i", output: "large", memoryBytes: 1 << 30))
      _ = try await h.submit(h.spec("small"))
      let small = WorkerOffer(freeBytes: 512 << 20, mostBytes: 512 << 20)
      let first = try await h.claim("s", offer: small)
      try h.expect(first?.spec.output == "small", "a small worker goes on behind it")
      let none = try await h.claim("s", offer: small)
      try h.expect(none == nil, "and never claims it")
      let second = try await h.claim("l", offer: WorkerOffer(freeBytes: 1 << 30, mostBytes: 1 << 30))
      try h.expect(second?.spec.output == "large", "a larger worker does")
    },
    Case("anExpiredLeaseLetsTheNextWorkerClaim") { h in
      let first = try await h.running()
      h.clock.advance(milliseconds: 15_000)
      let tooEarly = try await h.claim("x")
      try h.expect(tooEarly == nil, "not before the lease has expired")
      h.clock.advance(milliseconds: 1)
      let second = try await h.required(h.claim("x"))
      try h.expect(
        second.id == first.id && second.epoch == 2 && second.rescues == 1 && second.attempts == 0, "a rescue")
    },
    Case("rescuerNotStarvedByFullBatchOfLongJobs") { h in
      let first = try await h.running()
      h.clock.advance(milliseconds: 1)
      for index in 0..<50 { _ = try await h.submit(h.spec("\(index)")) }
      h.clock.advance(milliseconds: 15_001)
      let next = try await h.claim("x")
      try h.expect(next?.id == first.id, "the older job is rescued before the batch")
    },
    Case("aJobIsRescuedSoOftenAndNoMore", limits: limits { $0.rescues = 2 }) { h in
      let job = try await h.running()
      for _ in 0..<2 {
        h.clock.advance(milliseconds: 15_001)
        _ = try await h.required(h.claim())
      }
      h.clock.advance(milliseconds: 15_001)
      let none = try await h.claim()
      let failed = try await h.job(job.id)
      try h.expect(
        none == nil && failed.state == .failed && failed.error?.reason == "WORKERS_DIED", "then it has failed")
    },
    Case("heartbeatPreventsRescue") { h in
      let job = try await h.running()
      for step in 1...10 {
        h.clock.advance(milliseconds: 14_000)
        _ = try await h.store.renew(job.id, epoch: 1, progress: JobProgress(bytesRead: step))
        let none = try await h.claim("x")
        try h.expect(none == nil, "a lease that is renewed doesn't expire")
      }
      let now = try await h.job(job.id)
      try h.expect(now.rescues == 0 && now.epoch == 1, "nobody has rescued it")
    },
    Case("workerWithReusedNameDoesNotInheritLease") { h in
      let first = try await h.running()
      let early = try await h.claim("w")
      try h.expect(early == nil, "a worker of the same name gets no job that another holds")
      h.clock.advance(milliseconds: 15_001)
      let second = try await h.required(h.claim("w"))
      try h.expect(second.epoch == 2 && second.rescues == 1, "its claim is a rescue like any other")
      let write = try await h.store.renew(first.id, epoch: 1, progress: JobProgress())
      try h.expect(write == .stale(second), "the former holder is fenced, whatever its name")
    },
    Case("rescuesAndAttemptsCountApart") { h in
      let job = try await h.running()
      h.clock.advance(milliseconds: 15_001)
      let second = try await h.required(h.claim("x"))
      _ = try await h.store.fail(
        job.id, epoch: second.epoch, failure: JobFailure(.unavailable, reason: "DATA_FOLDER_FAILED", "x"))
      h.clock.advance(milliseconds: 60_000)
      _ = try await h.required(h.claim("x"))
      h.clock.advance(milliseconds: 15_001)
      let fourth = try await h.required(h.claim("x"))
      try h.expect(
        fourth.rescues == 2 && fourth.attempts == 1, "\(fourth.rescues) rescues, \(fourth.attempts) attempts")
    },
  ]
}
