import JobQueue
import Storage
import TallySchema

/// What runs read is never written by another job.
extension StoreConformance {
  private static func matched(_ name: String, _ identity: String? = nil) -> InputReading {
    InputReading(name: name, identity: identity ?? "id of \(name)", isMatched: true)
  }

  static let reading: [Case] = [
    Case("whatARunReadsIsNoOutputUntilTheJobIsPublished") { h in
      _ = try await h.submit(h.spec("sums.csv", input: "plays/*.csv"))
      let job = try await h.required(h.claim())
      let inputs = [matched("plays/1.csv"), InputReading(name: "gone.csv", identity: nil)]
      let start = try await h.store.startReading(job.id, epoch: 1, inputs)
      try h.expect(start == .reads(inputs), "all of them: \(start)")
      func refused(_ name: String) async throws {
        let error = try await h.refused { _ = try await h.submit(h.spec(name, input: "x.csv")) }
        try h.expect(error == .outputIsInput(name: name, jobID: job.id), "the refusal names the reader: \(error)")
      }
      for name in ["plays/1.csv", "gone.csv"] { try await refused(name) }
      _ = try await h.submit(h.spec("plays/2.csv", input: "x.csv"))
      let readers = try await h.store.readers(of: "id of plays/1.csv")
      try h.expect(readers == [InputReader(jobID: job.id, name: "plays/1.csv")], "found by what it is: \(readers)")
      _ = try await h.store.commit(job.id, epoch: 1, result: h.result(), progress: JobProgress(phase: .done))
      try await refused("plays/1.csv")
      try await h.store.markPublished(job.id, generation: 1)
      _ = try await h.submit(h.spec("plays/1.csv", input: "x.csv"))
      let none = try await h.store.readers(of: "id of plays/1.csv")
      try h.expect(none.isEmpty, "nothing is left of it: \(none)")
    },
    Case("whatAnotherJobIsToWriteIsLeftOutOfAPatternsFiles") { h in
      _ = try await h.submit(JobSpec(input: "*.csv", output: "sums.csv", priority: 1))
      _ = try await h.submit(h.spec("b.csv", input: "x.csv"))
      let job = try await h.required(h.claim())
      let inputs = [
        matched("a.csv"), matched("b.csv"), matched("sums.csv"), InputReading(name: "b.csv", identity: nil),
      ]
      let start = try await h.store.startReading(job.id, epoch: 1, inputs)
      // Its own output is no other job's; and a name that was asked for is read.
      try h.expect(start == .reads([inputs[0], inputs[2], inputs[3]]), "it reads the others: \(start)")
    },
    Case("aStaleRunNotesNothingAndTheNextRunReplacesItsFiles") { h in
      let job = try await h.running()
      _ = try await h.store.startReading(job.id, epoch: 1, [matched("a.csv"), matched("b.csv")])
      h.clock.advance(milliseconds: 60_000)
      let again = try await h.required(h.claim("x"))
      let stale = try await h.store.startReading(job.id, epoch: 1, [matched("c.csv")])
      try h.expect(stale == .stale, "the old run is told: \(stale)")
      _ = try await h.store.startReading(job.id, epoch: again.epoch, [matched("b.csv")])
      var readers: [Int] = []
      for name in ["a.csv", "b.csv", "c.csv"] { readers.append(try await h.store.readers(of: "id of \(name)").count) }
      try h.expect(readers == [0, 1, 0], "the last run's alone: \(readers)")
      _ = try await h.store.fail(
        job.id, epoch: again.epoch, failure: JobFailure(.invalidArgument, reason: "BAD_ROW", "bad"))
      let left = try await h.store.readers(of: "id of b.csv")
      try h.expect(left.isEmpty, "a failed job reads nothing: \(left)")
    },
    Case("aFileThatAnUnfinishedJobsPatternMatchesIsNoOutputOfItsOwner") { h in
      let reader = try await h.submit(h.spec("sums.csv", input: "plays/*.csv"))
      func submit(_ name: String, existing: [String], owner: String = "a") async throws -> JobRecord {
        var submission = JobSubmission(owner: owner, spec: h.spec(name, input: "x.csv"))
        submission.existingOutputs = existing
        return try await h.store.submit(submission)
      }
      let error = try await h.refused { _ = try await submit("plays/1.csv", existing: ["plays/1.csv"]) }
      try h.expect(error == .outputIsInput(name: "plays/1.csv", jobID: reader.id), "it is refused: \(error)")
      _ = try await submit("plays/new.csv", existing: [])
      _ = try await submit("plays/deep/1.csv", existing: ["plays/deep/1.csv"])
      let other = try await submit("plays/2.csv", existing: ["plays/2.csv"], owner: "b")
      _ = try await h.store.requestCancel(other.id, by: "b")
      _ = try await h.store.requestCancel(reader.id, by: "a")
      let free = try await submit("plays/1.csv", existing: ["plays/1.csv"])
      _ = try await h.store.requestCancel(free.id, by: "a")
      _ = try await h.store.retry(reader.id, by: "a", existingOutputs: [])
      let again = try await h.refused {
        _ = try await h.store.retry(free.id, by: "a", existingOutputs: ["plays/1.csv"])
      }
      try h.expect(again == .outputIsInput(name: "plays/1.csv", jobID: reader.id), "a retry is refused too: \(again)")
    },
  ]
}
