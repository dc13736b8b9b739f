import JobQueue
import TallySchema

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
    Case("aJobIsShownAsRunningUntilItsOutputIsThere") { h in
      let job = try await h.succeeded()
      let status = try await h.job(job.id).status
      try h.expect(status.state == .running && status.progress.phase == .publishing, "it runs: \(status)")
      try h.expect(status.finishedAt == nil && status.result == nil && !status.published, "and has no end: \(status)")
      func shown(_ state: JobState) async throws -> [String] {
        try await h.store.list(JobQuery(owner: "a", states: [state])).jobs.map(\.id)
      }
      var (running, succeeded) = (try await shown(.running), try await shown(.succeeded))
      try h.expect(running == [job.id] && succeeded.isEmpty, "filters see the same: \(running), \(succeeded)")
      var counts = [
        try await h.store.counts(owner: "a", includesUnnamed: true),
        try await h.store.counts(owner: nil, includesUnnamed: true),
      ]
      try h.expect(counts == [[.running: 1], [.running: 1]], "counts see the same: \(counts)")
      let refused = try await h.refused { try await h.store.delete(job.id) }
      try h.expect(refused == .wrongState(jobID: job.id, .running), "it isn't deleted: \(refused)")
      h.clock.advance(milliseconds: 7)
      try await h.store.markPublished(job.id, generation: 1)
      let ended = try await h.job(job.id).status
      try h.expect(ended.state == .succeeded && ended.published && ended.result != nil, "then it has ended: \(ended)")
      try h.expect(ended.finishedAt == h.clock.now, "at the time when it was shown as ended")
      (running, succeeded) = (try await shown(.running), try await shown(.succeeded))
      try h.expect(running.isEmpty && succeeded == [job.id], "for filters too")
      counts = [try await h.store.counts(owner: "a", includesUnnamed: true)]
      try h.expect(counts == [[.succeeded: 1]], "and for counts: \(counts)")
    },
    Case("theStatusSaysWhatDelaysAPublication") { h in
      let job = try await h.succeeded()
      let failure = JobFailure(.unavailable, reason: "PUBLICATION_DELAYED", "the disk is full")
      try await h.store.markDelayed(job.id, generation: 7, failure: failure)
      var now = try await h.job(job.id)
      try h.expect(now.error == nil, "another generation's delay is not this one's")
      try await h.store.markDelayed(job.id, generation: 1, failure: failure)
      now = try await h.job(job.id)
      try h.expect(now.status.error == failure && now.status.state == .running, "why: \(now.status)")
      let sequence = now.sequence
      try h.expect(sequence > job.sequence, "and who follows the job hears of it")
      try await h.store.markDelayed(job.id, generation: 1, failure: failure)
      now = try await h.job(job.id)
      try h.expect(now.sequence == sequence, "once")
      let pending = try await h.store.unpublished()
      try h.expect(pending.map(\.id) == [job.id], "it is tried again")
      try await h.store.markPublished(job.id, generation: 1)
      now = try await h.job(job.id)
      try h.expect(now.status.error == nil && now.status.published, "and nothing is left of it: \(now.status)")
      try await h.store.markDelayed(job.id, generation: 1, failure: failure)
      let after = try await h.job(job.id)
      try h.expect(after == now, "nor comes later")
    },
    Case("anAbandonedPublicationIsGivenUpAndTheResultStays") { h in
      let job = try await h.succeeded()
      let asked = try await h.store.requestCancel(job.id, by: "eve")
      try h.expect(asked == job, "a request to cancel alone changes nothing")
      let status = try await h.store.abandonPublication(job.id, by: "eve").status
      try h.expect(status.state == .succeeded && !status.published, "succeeded, not published: \(status)")
      try h.expect(status.error?.reason == "PUBLICATION_CANCELLED" && status.result != nil, "it says why: \(status)")
      try h.expect(status.finishedAt == h.clock.now, "it has ended")
      let pending = try await h.store.unpublished()
      try h.expect(pending.isEmpty, "nobody publishes it")
      let last = try await h.store.log(of: job.id, after: nil, most: 100).last
      try h.expect(
        last?.action == .notPublished && last?.actor == "eve", "the log says who: \(String(describing: last))")
      let before = try await h.job(job.id)
      let again = try await h.store.abandonPublication(job.id, by: "eve")
      try h.expect(again == before, "once more changes nothing")
      _ = try await h.submit(h.spec())
      // A publisher that was stopped under the lock: what it has shown is told.
      try await h.store.markPublished(job.id, generation: 1)
      let shown = try await h.job(job.id).status
      try h.expect(shown.published && shown.error == nil, "what is shown is told: \(shown)")
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
