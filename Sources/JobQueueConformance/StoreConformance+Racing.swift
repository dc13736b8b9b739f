import JobQueue
import TallySchema

extension StoreConformance {
  static let racing: [Case] = [
    Case("noTwoCurrentEpochs") { h in
      let (claimers, jobs, rounds) = (16, 24, 3)
      for index in 0..<jobs { _ = try await h.submit(h.spec("\(index)")) }
      var seen: Set<JobCursor> = []
      for round in 1...rounds {
        let claims = try await withThrowingTaskGroup(of: [JobRecord].self) { group in
          for claimer in 0..<claimers {
            group.addTask {
              var mine: [JobRecord] = []
              // Whoever finds nothing once may have met others just claiming: the last ones are left to a next look.
              for _ in 0..<jobs { if let job = try await h.claim("w\(claimer)") { mine.append(job) } }
              return mine
            }
          }
          return try await group.reduce(into: [JobRecord]()) { $0 += $1 }
        }
        try h.expect(claims.count == jobs && Set(claims.map(\.id)).count == jobs, "each job once: \(claims.count)")
        try h.expect(claims.allSatisfy { $0.epoch == round }, "each under its next epoch")
        for job in claims { try h.expect(seen.insert(job.cursor).inserted, "no epoch twice") }
        h.clock.advance(milliseconds: 15_001)
      }
    },
    Case("rescueRacingFinishHasOneWinner") { h in
      for round in 0..<10 {
        let job = try await h.running("\(round)")
        h.clock.advance(milliseconds: 15_001)
        async let finish = h.store.commit(job.id, epoch: job.epoch, result: h.result("old"), progress: JobProgress())
        async let rescue = h.claim("x")
        let (finished, rescued) = try await (finish, rescue)
        if case .applied(let ended) = finished {
          try h.expect(rescued == nil && ended.state == .succeeded, "it has finished: nobody else runs it")
        } else {
          let winner = try h.required(rescued)
          let now = try await h.job(job.id)
          try h.expect(now == winner && now.epoch == job.epoch + 1, "it was rescued: the finish has changed nothing")
          _ = try await h.store.commit(now.id, epoch: now.epoch, result: h.result("new"), progress: JobProgress())
        }
        let ended = try await h.job(job.id)
        try h.expect(ended.state == .succeeded && ended.result?.generation == 1, "one result")
      }
    },
    Case("lostNotifyStillClaimedWithinPollInterval") { h in
      let worker = try FakeWorker(h)
      try await worker.whileRunning {
        try await Task.sleep(for: .milliseconds(100))
        let job = try await h.submit(h.spec())
        try await h.eventually("the job is done") { try await h.job(job.id).publication == .published }
      }
    },
  ]
}
