import JobQueue
import TallySchema

/// Processes of several versions beside each other on one store.
extension StoreConformance {
  static let upgrading: [Case] = [
    Case("aJobThatNeedsWhatAWorkerDoesNotKnowIsLeftToOthers") { h in
      let median = Aggregate(.median, column: "a")
      let newer = try await h.submit(JobSpec(input: "i", output: "newer", groupBy: ["b"], aggregates: [median]))
      let old = try await h.submit(h.spec("old"))
      let worker = WorkerOffer(freeBytes: .max, features: ["ndjson"])
      let first = try await h.claim("old", offer: worker)
      try h.expect(first?.id == old.id, "the older worker takes the job behind it: \(String(describing: first?.spec))")
      let none = try await h.claim("old", offer: worker)
      try h.expect(none == nil, "and never claims it")
      let second = try await h.claim("new")
      try h.expect(second?.id == newer.id, "a newer worker does")
      // Nor does it rescue the job.
      h.clock.advance(milliseconds: 60_000)
      _ = try await h.claim("old", offer: worker)
      let left = try await h.claim("old", offer: worker)
      try h.expect(left == nil, "a lease that has expired changes nothing: \(String(describing: left?.spec))")
      let rescued = try await h.claim("new")
      try h.expect(rescued?.id == newer.id && rescued?.rescues == 1, "a newer worker rescues it")
    },
    Case("aRecordThatCannotBeReadIsShownAsThat") { h in
      let job = try await h.submit(h.spec("later.csv", input: "plays.csv"))
      h.clock.advance(milliseconds: 1)
      _ = try await h.submit(h.spec("next.csv"))
      try await h.place.rewrite(
        job.id, spec: #"{"input":"plays.csv","output":"later.csv","pivot":{"on":"a"}}"#, needs: #"["median","pivot"]"#)
      let found = try await h.job(job.id)
      let status = found.status
      try h.expect(
        status.state == .queued && status.input == "plays.csv" && status.output == "later.csv",
        "what can be told is told: \(status)")
      try h.expect(
        status.error?.reason == "JOB_UNREADABLE" && status.error?.message.contains("it needs pivot,") == true,
        "and why that is all: \(String(describing: status.error))")
      let listed = try await h.store.list(JobQuery(owner: "a")).jobs.map(\.spec.output)
      try h.expect(listed == ["next.csv", "later.csv"], "lists have it among the others: \(listed)")
      let claimed = try await h.claim()
      try h.expect(claimed?.spec.output == "next.csv", "it is left to who knows it")
      let reserved = try await h.refused { _ = try await h.submit(h.spec("later.csv")) }
      try h.expect(reserved == .outputReserved(name: "later.csv", jobID: job.id), "its name is taken: \(reserved)")
      let ended = try await h.store.requestCancel(job.id, by: "a")
      try h.expect(ended?.state == .cancelled, "it can be cancelled")
      let refused = try await h.refused { _ = try await h.store.retry(job.id, by: "a", existingOutputs: []) }
      try h.expect(refused == .unreadable(jobID: job.id), "not queued again by who can't say what it reads: \(refused)")
      _ = try await h.submit(h.spec("later.csv"))
      try await h.store.delete(job.id)
      let gone = try await h.store.job(job.id)
      try h.expect(gone == nil, "and deleted")
    },
    Case("aRecordThatCannotBeReadKeepsItsPlaceAndItsEvents") { h in
      let startAt = h.clock.now + 1_000
      let job = try await h.submit(h.spec("later.csv", priority: 7, startAt: startAt))
      try await h.place.rewrite(job.id, spec: #"{"input":"i","output":"later.csv","pivot":1}"#, needs: #"["pivot"]"#)
      h.clock.advance(milliseconds: 1_000)
      _ = try await h.claim()
      let waiting = try await h.job(job.id)
      try h.expect(
        waiting.state == .queued && waiting.claimKey == startAt.milliseconds - 7 * 60_000,
        "it is queued at its place: \(waiting.claimKey - startAt.milliseconds)")
      _ = try await h.store.requestCancel(job.id, by: "a")
      let told = try await h.store.events(of: job.id, after: waiting.cursor)
      try h.expect(
        told.map(\.status.state) == [.cancelled] && told.first?.status.error == nil, "events are for everyone: \(told)")
    },
  ]
}
