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

  static let telling: [Case] = [
    Case("everyStateChangeIsAnEventInOrder") { h in
      let job = try await h.running()
      _ = try await h.store.renew(job.id, epoch: 1, progress: JobProgress(bytesRead: 1))
      _ = try await h.store.release(job.id, epoch: 1)
      _ = try await h.claim()
      _ = try await h.store.commit(job.id, epoch: 2, result: h.result(), progress: JobProgress())
      try await h.store.markPublished(job.id, generation: 1)
      let all = try await h.store.events(of: job.id, after: JobCursor(jobID: job.id, epoch: 0, sequence: 0))
      let states = all.map(\.status.state)
      try h.expect(states == [.queued, .running, .queued, .running, .succeeded, .succeeded], "complete: \(states)")
      try h.expect(all.map(\.cursor) == all.map(\.cursor).sorted(), "in order")
      let rest = try await h.store.events(of: job.id, after: all[2].cursor)
      try h.expect(rest == Array(all[3...]), "after a cursor, only what follows it")
      let now = try await h.job(job.id)
      try h.expect(all.last?.cursor == now.cursor, "the last event is where the job stands")
    },
    Case("changedJobsAreThoseThatMovedOn") { h in
      let first = try await h.submit(h.spec("1"))
      let second = try await h.submit(h.spec("2"))
      let known = [first.id: first.sequence, second.id: second.sequence]
      var changed = try await h.store.changed(since: known)
      try h.expect(changed == JobChanges(moved: [], missing: []), "none has")
      _ = try await h.store.requestCancel(second.id)
      changed = try await h.store.changed(since: known)
      try h.expect(changed.moved.map(\.id) == [second.id] && changed.missing.isEmpty, "the second has")
      try await h.store.delete(second.id)
      changed = try await h.store.changed(since: known)
      try h.expect(changed.moved.isEmpty && changed.missing == [second.id], "and then it is gone")
    },
    Case("aListIsCompleteOverItsPages") { h in
      var ids: [String] = []
      for index in 0..<7 {
        if index % 3 == 0 { h.clock.advance(milliseconds: 1) }
        ids.append(try await h.submit(h.spec("\(index)")).id)
      }
      _ = try await h.submit(h.spec("other"), owner: "b")
      var found: [String] = []
      var query = JobQuery(owner: "a", pageSize: 3)
      repeat {
        let page = try await h.store.list(query)
        found += page.jobs.map(\.id)
        query.pageToken = page.nextPageToken
      } while query.pageToken != nil
      try h.expect(Set(found) == Set(ids) && found.count == 7, "every job of the owner once: \(found.count)")
      let times = try await h.store.list(JobQuery(owner: "a")).jobs.map(\.createdAt)
      try h.expect(times == times.sorted(by: >), "newest first")
      _ = try await h.store.requestCancel(ids[0])
      let cancelled = try await h.store.list(JobQuery(owner: "a", states: [.cancelled]))
      try h.expect(cancelled.jobs.map(\.id) == [ids[0]], "by state")
      let error = try await h.refused { _ = try await h.store.list(JobQuery(owner: "a", pageToken: "x")) }
      try h.expect(error == .unknownPageToken, "a token that nobody gave out is refused")
    },
    Case("everyCommitIsSignalled") { h in
      var wakeups = h.store.changes.wakeups().makeAsyncIterator()
      _ = await wakeups.next()
      _ = try await h.submit(h.spec())
      _ = await wakeups.next()
      try h.expect(h.store.changes.waiterCount == 1, "one waits")
    },
  ]
}
