import JobQueue
import TallySchema

extension StoreConformance {
  static let submitting: [Case] = [
    Case("aSubmittedJobIsThere") { h in
      let job = try await h.submit(h.spec(), key: "k")
      let found = try await h.job(job.id)
      try h.expect(found == job, "what submit returned is what is stored")
      try h.expect(job.state == .queued && job.epoch == 0 && job.sequence == 1, "a new job is queued, at epoch 0")
      let none = try await h.store.job("nobody")
      try h.expect(none == nil, "an unknown ID finds nothing")
    },
    Case("theSameKeyAndSpecIsTheSameJob") { h in
      let first = try await h.submit(h.spec(), key: "k")
      let second = try await h.submit(h.spec(), key: "k")
      try h.expect(first.id == second.id, "one key, one job")
      let other = try await h.submit(h.spec("other.csv"), owner: "b", key: "k")
      try h.expect(other.id != first.id, "another owner's key is another key")
      let found = try await h.store.job(owner: "a", idempotencyKey: "k")
      try h.expect(found?.id == first.id, "a key finds its job")
    },
    Case("theSameKeyWithAnotherSpecIsRefused") { h in
      let first = try await h.submit(h.spec(), key: "k")
      let error = try await h.refused { _ = try await h.submit(h.spec("other.csv"), key: "k") }
      try h.expect(error == .idempotencyKeyReused(jobID: first.id), "the refusal names the job")
    },
    Case("sameIdempotencyKeySameJobUnder100ConcurrentSubmits") { h in
      let ids = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<100 { group.addTask { try await h.submit(h.spec(), key: "k").id } }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      let listing = try await h.store.list(JobQuery(owner: "a"))
      try h.expect(ids.count == 1 && listing.jobs.count == 1, "one job, and \(ids.count) IDs were given")
    },
    Case("outputNameReservedOnce") { h in
      let first = try await h.submit(h.spec())
      let error = try await h.refused { _ = try await h.submit(h.spec()) }
      try h.expect(error == .outputReserved(name: "out.csv", jobID: first.id), "the refusal names the other job")
      _ = try await h.store.requestCancel(first.id, by: "a")
      _ = try await h.submit(h.spec())
    },
    Case("anOutputIsReservedUntilItIsPublished") { h in
      let job = try await h.succeeded()
      _ = try await h.refused { _ = try await h.submit(h.spec()) }
      try await h.store.markPublished(job.id, generation: h.required(job.result).generation)
      _ = try await h.submit(h.spec())
    },
    Case("anOutputNeverNamesWhatAnUnfinishedJobReads") { h in
      let reader = try await h.submit(h.spec(input: "data.csv"))
      let error = try await h.refused { _ = try await h.submit(h.spec("data.csv", input: "x.csv")) }
      try h.expect(error == .outputIsInput(name: "data.csv", jobID: reader.id), "the refusal names the reader")
    },
    Case("theNameOfRejectedRowsIsReservedToo") { h in
      var spec = h.spec("sums.csv")
      spec.onBadRow = .collect
      let first = try await h.submit(spec)
      let error = try await h.refused { _ = try await h.submit(h.spec("sums.csv.rejects.csv")) }
      try h.expect(
        error == .outputReserved(name: "sums.csv.rejects.csv", jobID: first.id), "the refusal names the other job")
      _ = try await h.store.requestCancel(first.id, by: "a")
      _ = try await h.submit(h.spec("sums.csv.rejects.csv"))
    },
    Case("anOutputNeverNamesOneOfSeveralFilesThatAnUnfinishedJobReads") { h in
      var spec = h.spec("sums.csv")
      spec.inputs = ["a.csv", "b.csv"]
      let reader = try await h.submit(spec)
      let error = try await h.refused { _ = try await h.submit(h.spec("b.csv", input: "x.csv")) }
      try h.expect(error == .outputIsInput(name: "b.csv", jobID: reader.id), "the refusal names the reader")
    },
    Case("unfinishedJobsHaveALimit", limits: limits { $0.unfinishedJobs = 2 }) { h in
      _ = try await h.submit(h.spec("1"))
      let second = try await h.submit(h.spec("2"))
      let error = try await h.refused { _ = try await h.submit(h.spec("3")) }
      try h.expect(error == .tooManyJobs(limit: 2), "the refusal names the limit")
      _ = try await h.store.requestCancel(second.id, by: "a")
      _ = try await h.submit(h.spec("3"))
    },
    Case("aRefusedSubmissionLeavesTheOthersOfItsGroupAlone") { h in
      let kept = try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<40 {
          group.addTask {
            do {
              _ = try await h.submit(h.spec(index % 2 == 0 ? "\(index).csv" : "same.csv"))
              return true
            } catch is JobStoreError {
              return false
            }
          }
        }
        return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      let listing = try await h.store.list(JobQuery(owner: "a"))
      try h.expect(kept == 21 && listing.jobs.count == 21, "20 outputs of their own and one of the shared: \(kept)")
    },
  ]

  static func limits(_ change: (inout Limits) -> Void) -> Limits {
    var limits = Limits()
    change(&limits)
    return limits
  }
}
