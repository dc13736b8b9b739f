import JobQueue
import Schema

extension StoreConformance {
  static let publishing: [Case] = [
    Case("theNewestCommittedGenerationIsTheOutputs") { h in
      let first = try await h.succeeded(file: "1")
      try await h.store.markPublished(first.id, generation: 1)
      let second = try await h.succeeded(file: "2")
      try h.expect(second.result?.generation == 2, "generations count up")
      let newest = try await h.store.newestCommitted(output: "out.csv")
      try h.expect(newest?.id == second.id, "the newest is the second's")
      let none = try await h.store.newestCommitted(output: "other.csv")
      try h.expect(none == nil, "another output has none")
    },
    Case("whatIsCommittedIsUnpublishedUntilItIsMarked") { h in
      let job = try await h.succeeded()
      var pending = try await h.store.unpublished()
      try h.expect(pending.map(\.id) == [job.id], "it is to be published")
      try await h.store.markPublished(job.id, generation: 7)
      pending = try await h.store.unpublished()
      try h.expect(pending.count == 1, "another generation's mark changes nothing")
      try await h.store.markPublished(job.id, generation: 1)
      pending = try await h.store.unpublished()
      let now = try await h.job(job.id)
      try h.expect(pending.isEmpty && now.publication == .published && now.status.published, "it is published")
    },
    Case("whatCannotBePublishedFreesItsNameAndSaysWhy") { h in
      let job = try await h.succeeded()
      let failure = JobFailure(.failedPrecondition, reason: "OUTPUT_NOT_PUBLISHED", "a folder is in the way")
      try await h.store.markUnpublishable(job.id, generation: 1, failure: failure)
      let now = try await h.job(job.id)
      try h.expect(
        now.state == .succeeded && now.publication == .impossible && now.error == failure, "the status says why")
      try h.expect(now.result == job.result, "the result stays")
      let pending = try await h.store.unpublished()
      try h.expect(pending.isEmpty, "nobody tries again")
      _ = try await h.submit(h.spec())
    },
  ]
}
