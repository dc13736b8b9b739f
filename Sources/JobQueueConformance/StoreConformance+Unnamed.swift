import JobQueue
import StorageConformance
import TallySchema

/// Jobs without an output.
extension StoreConformance {
  static let unnamed: [Case] = [
    Case("aJobWithoutAnOutputHasEndedAtItsCommit") { h in
      let submitted = try await h.submit(JobSpec(input: "in.csv"))
      let job = try await h.required(h.claim())
      try h.expect(job.id == submitted.id && job.spec.output == nil, "it is claimed: \(job)")
      _ = try await h.store.commit(job.id, epoch: 1, result: h.result(), progress: JobProgress(phase: .done))
      let status = try await h.job(job.id).status
      try h.expect(
        status.state == .succeeded && !status.published && status.finishedAt == h.clock.now && status.error == nil,
        "it has succeeded: \(status)")
      try h.expect(
        status.output == nil && status.result?.output == nil && status.result?.bytes == 1, "with a result: \(status)")
      let pending = try await h.store.unpublished()
      try h.expect(pending.isEmpty, "nobody publishes it")
      let last = try await h.store.events(of: job.id, after: JobCursor(jobID: job.id, epoch: 0, sequence: 0)).last
      try h.expect(last?.status == status, "its end is its last event: \(String(describing: last))")
      let line = try await h.store.log(of: job.id, after: nil, most: 100).last
      try h.expect(line?.action == .succeeded, "the log says that: \(String(describing: line))")
      try await h.store.delete(job.id)
      let gone = try await h.store.job(job.id)
      try h.expect(gone == nil, "it can be deleted")
    },
    Case("jobsWithoutAnOutputReserveNothing") { h in
      for _ in 0..<3 { _ = try await h.submit(JobSpec(input: "in.csv")) }
      _ = try await h.submit(h.spec("out.csv"))
      let refused = try await h.refused { _ = try await h.submit(h.spec("in.csv", input: "other.csv")) }
      guard case .outputIsInput = refused else {
        throw BrokenRule("what they read is not written: \(refused)", line: #line)
      }
      let keyed = try await h.submit(JobSpec(input: "in.csv"), key: "k")
      let again = try await h.submit(JobSpec(input: "in.csv"), key: "k")
      try h.expect(keyed.id == again.id, "a key finds one again")
      let other = try await h.refused { _ = try await h.submit(h.spec("out2.csv"), key: "k") }
      try h.expect(other == .idempotencyKeyReused(jobID: keyed.id), "and is another job's with an output: \(other)")
    },
    Case("jobsWithoutAnOutputAreListedAndCountedWhereThatIsAsked") { h in
      let hidden = try await h.submit(JobSpec(input: "in.csv"))
      h.clock.advance(milliseconds: 1)
      let shown = try await h.submit(h.spec())
      func ids(_ query: JobQuery) async throws -> [String] { try await h.store.list(query).jobs.map(\.id) }
      var found = [try await ids(JobQuery(owner: "a")), try await ids(JobQuery(owner: "a", includesUnnamed: true))]
      try h.expect(found == [[shown.id], [shown.id, hidden.id]], "lists: \(found)")
      found = [
        try await ids(JobQuery(owner: "a", pageSize: 1)), try await ids(JobQuery(owner: "a", outputPrefix: "o")),
        try await ids(JobQuery(owner: "a", outputPrefix: "", includesUnnamed: true)),
      ]
      try h.expect(found == [[shown.id], [shown.id], [shown.id, hidden.id]], "pages and filters: \(found)")
      var counts: [[JobState: Int]] = []
      for owner in ["a", nil] {
        for all in [false, true] { counts.append(try await h.store.counts(owner: owner, includesUnnamed: all)) }
      }
      let (one, two): ([JobState: Int], [JobState: Int]) = ([.queued: 1], [.queued: 2])
      try h.expect(counts == [one, two, one, two], "counts: \(counts)")
    },
    Case("endedJobsWithoutAnOutputAreFoundByTheirEnd") { h in
      let job = try await h.submit(JobSpec(input: "in.csv"))
      _ = try await h.claim()
      _ = try await h.store.commit(job.id, epoch: 1, result: h.result(), progress: JobProgress(phase: .done))
      h.clock.advance(milliseconds: 10)
      let cancelled = try await h.submit(JobSpec(input: "in.csv"))
      _ = try await h.store.requestCancel(cancelled.id, by: "a")
      _ = try await h.succeeded()
      _ = try await h.submit(JobSpec(input: "in.csv"))
      h.clock.advance(milliseconds: 10)
      func found(_ milliseconds: Int, most: Int = 10) async throws -> [String] {
        try await h.store.unnamed(endedMilliseconds: milliseconds, most: most).map(\.id)
      }
      let all = [try await found(0), try await found(10), try await found(20), try await found(0, most: 1)]
      try h.expect(all == [[job.id, cancelled.id], [job.id], [], [job.id]], "the oldest first: \(all)")
    },
  ]
}
