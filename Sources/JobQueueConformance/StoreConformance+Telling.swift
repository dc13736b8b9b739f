import JobQueue
import Synchronization
import TallySchema

extension StoreConformance {
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
      try h.expect(
        states == [.queued, .running, .queued, .running, .succeeded], "every change that is shown, once: \(states)")
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
      _ = try await h.store.requestCancel(second.id, by: "a")
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
      _ = try await h.store.requestCancel(ids[0], by: "a")
      let cancelled = try await h.store.list(JobQuery(owner: "a", states: [.cancelled]))
      try h.expect(cancelled.jobs.map(\.id) == [ids[0]], "by state")
      let error = try await h.refused { _ = try await h.store.list(JobQuery(owner: "a", pageToken: "x")) }
      try h.expect(error == .unknownPageToken, "a token that nobody gave out is refused")
    },
    Case("theLogSaysWhoHasDoneWhatAndWhen") { h in
      let job = try await h.submit(h.spec(), owner: "ada")
      _ = try await h.claim("w1")
      h.clock.advance(milliseconds: 15_001)
      _ = try await h.claim("w2")
      let failure = JobFailure(.resourceExhausted, reason: "DISK_FULL", "full")
      _ = try await h.store.fail(job.id, epoch: 2, failure: failure)
      h.clock.advance(milliseconds: 60_000)
      _ = try await h.claim("w3")
      _ = try await h.store.requestCancel(job.id, by: "eve")
      _ = try await h.store.release(job.id, epoch: 3)
      _ = try await h.store.retry(job.id, by: "ada", existingOutputs: [])
      let lines = try await h.store.log(of: job.id, after: nil, most: 100)
      let told = lines.map { "\($0.actor) \($0.action.rawValue)" }
      try h.expect(
        told == [
          "ada submitted", "w1 claimed", "w2 rescued", "w2 retryScheduled", "w3 claimed", "eve cancelRequested",
          "w3 cancelled", "ada retried",
        ], "complete: \(told)")
      try h.expect(lines.compactMap(\.error).map(\.reason) == ["DISK_FULL"], "each error where it came about")
      try h.expect(lines[3].error?.attempt == 1, "with its attempt")
      try h.expect(lines.map(\.at) == lines.map(\.at).sorted() && lines[7].at == h.clock.now, "by the store's clock")
      let page = try await h.store.log(of: job.id, after: lines[2].cursor, most: 2)
      try h.expect(page == Array(lines[3...4]), "page by page")
    },
    Case("aSubmissionIsToldAsItWasWhateverTheJobHasBecome") { h in
      let job = try await h.submit(h.spec(startAt: h.clock.now + 5_000), owner: "ada")
      let start = JobCursor(jobID: job.id, epoch: 0, sequence: 0)
      let first = JobEvent(cursor: job.cursor, status: job.status)
      var events = try await h.store.events(of: job.id, after: start)
      try h.expect(events == [first] && first.status.state == .waiting, "at first it waits: \(events)")
      h.clock.advance(milliseconds: 5_000)
      _ = try await h.claim()
      _ = try await h.store.release(job.id, epoch: 1)
      _ = try await h.store.requestCancel(job.id, by: "eve")
      _ = try await h.store.retry(job.id, by: "ada", existingOutputs: [])
      events = try await h.store.events(of: job.id, after: start)
      try h.expect(events.first == first && events.count == 6, "and that is told later too: \(events)")
      let later = try await h.store.events(of: job.id, after: first.cursor)
      try h.expect(later == Array(events[1...]), "once")
      let lines = try await h.store.log(of: job.id, after: nil, most: 1)
      try h.expect(lines.map(\.action) == [.submitted] && lines[0].at == job.createdAt, "a page of one line: \(lines)")
      let next = try await h.store.log(of: job.id, after: lines[0].cursor, most: 2)
      try h.expect(next.map(\.action) == [.ready, .claimed], "and the lines after it: \(next)")
    },
    Case("aListIsNarrowedByOutputAndTime") { h in
      let start = h.clock.now
      for name in ["a/1.csv", "a/2.csv", "b/%.csv", "ä/1.csv"] {
        _ = try await h.submit(h.spec(name))
        h.clock.advance(milliseconds: 1_000)
      }
      func names(_ query: JobQuery) async throws -> [String] {
        try await h.store.list(query).jobs.compactMap(\.spec.output)
      }
      var found = try await names(JobQuery(owner: "a", outputPrefix: "a/"))
      try h.expect(found == ["a/2.csv", "a/1.csv"], "by the beginning of the output's name: \(found)")
      found = try await names(JobQuery(owner: "a", outputPrefix: "b/%"))
      try h.expect(found == ["b/%.csv"], "which is no pattern: \(found)")
      found = try await names(JobQuery(owner: "a", outputPrefix: "ä"))
      try h.expect(found == ["ä/1.csv"], "of any letters: \(found)")
      found = try await names(JobQuery(owner: "a", createdFrom: start + 1_000, createdBefore: start + 3_000))
      try h.expect(found == ["b/%.csv", "a/2.csv"], "by the time of submission: \(found)")
      let counts = try await h.store.counts(owner: "a", includesUnnamed: true)
      let others = try await h.store.counts(owner: "b", includesUnnamed: true)
      try h.expect(counts == [.queued: 4] && others.isEmpty, "an owner's jobs are counted by themselves")
    },
    Case("aNameInUseIsTold") { h in
      func refusal(_ name: String, of owner: String = "a", isThere: Bool = true) async throws -> JobStoreError? {
        do {
          try await h.store.checkName(name, of: owner, isThere: isThere)
          return nil
        } catch let error as JobStoreError {
          return error
        }
      }
      let job = try await h.submit(h.spec("out.csv"))
      let input = job.spec.inputs[0]
      var found = try await refusal("out.csv")
      try h.expect(found == .outputReserved(name: "out.csv", jobID: job.id), "it is written: \(found as Any)")
      found = try await refusal(input)
      try h.expect(found == .outputIsInput(name: input, jobID: job.id), "it is read: \(found as Any)")
      found = try await refusal("free.csv")
      try h.expect(found == nil, "another is free")
      var pattern = h.spec("sums.csv")
      pattern.inputs = ["days/*.csv"]
      let matching = try await h.submit(pattern)
      found = try await refusal("days/1.csv")
      try h.expect(found == .outputIsInput(name: "days/1.csv", jobID: matching.id), "a pattern reads what is there")
      found = try await refusal("days/1.csv", isThere: false)
      try h.expect(found == nil, "and not what comes later")
      found = try await refusal("days/1.csv", of: "b")
      try h.expect(found == nil, "patterns are their owner's")
      for each in [job, matching] { _ = try await h.store.requestCancel(each.id, by: "a") }
      for name in ["out.csv", input, "days/1.csv"] {
        found = try await refusal(name)
        try h.expect(found == nil, "jobs that have ended use nothing")
      }
    },
    // Of progress, streams ask by themselves.
    Case("everyChangeOfStateIsSignalled") { h in
      let told = SignalCount()
      let waiting = Task { [changes = h.store.changes] in
        for await _ in changes.wakeups() { told.count.withLock { $0 += 1 } }
      }
      func signalled<Value>(_ what: String, _ commit: () async throws -> Value) async throws -> Value {
        // A signal of the commit before may be on its way.
        try await Task.sleep(for: .milliseconds(50))
        let before = told.count.withLock { $0 }
        let value = try await commit()
        try await h.eventually("\(what) is signalled") { told.count.withLock { $0 } > before }
        return value
      }
      let job = try await signalled("a submission") { try await h.submit(h.spec()) }
      let run = try await signalled("a claim") { try await h.required(h.claim()) }
      _ = try await signalled("a commit") {
        try await h.store.commit(job.id, epoch: run.epoch, result: h.result(), progress: JobProgress())
      }
      try await signalled("a publication") { try await h.store.markPublished(job.id, generation: 1) }
      let other = try await h.submit(h.spec("2"))
      _ = try await signalled("a cancellation") { try await h.store.requestCancel(other.id, by: "a") }
      _ = try await signalled("a retry") { try await h.store.retry(other.id, by: "a", existingOutputs: []) }
      _ = try await h.store.requestCancel(other.id, by: "a")
      try await signalled("a deletion") { try await h.store.delete(other.id) }
      waiting.cancel()
      await waiting.value
    },
  ]
}

/// How often changes were told.
private final class SignalCount: Sendable {
  let count = Mutex(0)
}
