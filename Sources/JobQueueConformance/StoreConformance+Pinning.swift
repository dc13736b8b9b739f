import JobQueue
import StorageConformance
import TallySchema
import Uploads

/// Jobs that read uploads.
extension StoreConformance {
  static let pinning: [Case] = [
    Case("aJobWaitsUntilItsUploadsAreComplete") { h in
      let (a, b) = (try await h.upload(length: 3), try await h.upload(length: 3))
      var spec = h.spec()
      spec.inputs = ["upload:\(a.id)", "upload:\(b.id)", "in.csv"]
      let job = try await h.submit(spec)
      try h.expect(job.state == .waiting, "it waits: \(job)")
      try await h.fill(a, 3)
      var claimed = try await h.claim()
      try h.expect(claimed == nil, "for both: \(String(describing: claimed))")
      h.clock.advance(milliseconds: 5)
      try await h.fill(b, 3)
      let moment = h.clock.now
      h.clock.advance(milliseconds: 5)
      claimed = try await h.claim()
      try h.expect(claimed?.id == job.id && claimed?.readyAt == moment, "then it runs: \(String(describing: claimed))")
      let log = try await h.store.log(of: job.id, after: nil, most: 10).map(\.action)
      try h.expect(log == [.submitted, .ready, .claimed], "the log says that: \(log)")
    },
    Case("aJobOnACompleteUploadIsQueuedAtOnce") { h in
      let upload = try await h.upload(length: 3)
      try await h.fill(upload, 3)
      let job = try await h.submit(h.spec(input: "upload:\(upload.id)"))
      try h.expect(job.state == .queued && job.readyAt == h.clock.now, "it is queued: \(job)")
      let later = h.clock.now + 1_000
      let other = try await h.submit(h.spec("late.csv", input: "upload:\(upload.id)", startAt: later))
      try h.expect(other.state == .waiting && other.readyAt == later, "or waits for its time: \(other)")
      let kept = try await h.job(job.id)
      try h.expect(kept == job, "as it is kept: \(kept)")
      let claimed = try await h.required(h.claim())
      try h.expect(claimed.id == job.id, "it is claimed: \(claimed)")
    },
    Case("aJobThatWaitsForItsTimeAsWellWaitsForBoth") { h in
      let upload = try await h.upload(length: 3)
      _ = try await h.submit(h.spec(input: "upload:\(upload.id)", startAt: h.clock.now + 1_000))
      try await h.fill(upload, 3)
      var claimed = try await h.claim()
      try h.expect(claimed == nil, "its time hasn't come: \(String(describing: claimed))")
      h.clock.advance(milliseconds: 1_000)
      claimed = try await h.claim()
      try h.expect(claimed != nil, "now it has")
    },
    Case("aFinalUploadWakesWhoWaitsForIt") { h in
      let part = try await h.upload(.partial, length: 3)
      let final = try await h.final([part.id])
      let job = try await h.submit(h.spec(input: "upload:\(final.id)"))
      try await h.fill(part, 3)
      let claimed = try await h.claim()
      try h.expect(claimed?.id == job.id, "it runs: \(String(describing: claimed))")
    },
    Case("onlyTheOwnersUploadsAreRead") { h in
      let upload = try await h.upload(length: 3)
      for (owner, id) in [("b", upload.id), ("a", "none")] {
        let refused = try await h.refused { _ = try await h.submit(h.spec(input: "upload:\(id)"), owner: owner) }
        try h.expect(refused == .uploadNotFound(id: id), "it isn't there: \(refused)")
      }
      let counts = try await h.store.counts(owner: nil, includesUnnamed: true)
      try h.expect(counts.isEmpty, "nothing was submitted: \(counts)")
    },
    Case("whatAnUnfinishedJobReadsIsNeitherDeletedNorGivenUp") { h in
      let upload = try await h.upload(length: 3)
      try await h.fill(upload, 3)
      let job = try await h.submit(h.spec(input: "upload:\(upload.id)"))
      func stays(_ when: String) async throws {
        h.clock.advance(milliseconds: h.limits.uploadExpiryMilliseconds)
        let refused = try await h.refusedUpload { _ = try await h.store.deleteUpload(upload.id) }
        let expired = try await h.store.expireUploads(most: 10)
        try h.expect(refused == .inUse(jobID: job.id) && expired.isEmpty, "\(when): \(refused), \(expired)")
      }
      try await stays("queued")
      _ = try await h.claim()
      try await stays("running")
      let rescued = try await h.required(h.claim("x"))
      try await stays("rescued")
      _ = try await h.store.commit(
        job.id, epoch: rescued.epoch, result: h.result(), progress: JobProgress(phase: .done))
      let gone = try await h.store.expireUploads(most: 10)
      try h.expect(gone == [upload.id], "the job has read it: \(gone)")
    },
    Case("aJobWhoseUploadIsGivenUpHasFailed") { h in
      let upload = try await h.upload(length: 3)
      let job = try await h.submit(h.spec(input: "upload:\(upload.id)"))
      let refused = try await h.refusedUpload { _ = try await h.store.deleteUpload(upload.id) }
      try h.expect(refused == .inUse(jobID: job.id), "it isn't deleted under the job: \(refused)")
      h.clock.advance(milliseconds: h.limits.uploadExpiryMilliseconds)
      let gone = try await h.store.expireUploads(most: 10)
      let now = try await h.job(job.id)
      try h.expect(
        gone == [upload.id] && now.state == .failed && now.error?.reason == "UPLOAD_EXPIRED", "in one step: \(now)")
      let again = try await h.refused { _ = try await h.store.retry(job.id, by: "a", existingOutputs: []) }
      try h.expect(again == .uploadNotFound(id: upload.id), "a retry says what is gone: \(again)")
    },
    Case("aRetryPinsItsUploadsAgain") { h in
      let upload = try await h.upload(length: 3)
      let job = try await h.submit(h.spec(input: "upload:\(upload.id)"))
      _ = try await h.store.requestCancel(job.id, by: "a")
      let waiting = try await h.store.retry(job.id, by: "a", existingOutputs: [])
      try h.expect(waiting.state == .waiting, "it waits again: \(waiting)")
      _ = try await h.store.requestCancel(job.id, by: "a")
      try await h.fill(upload, 3)
      let queued = try await h.store.retry(job.id, by: "a", existingOutputs: [])
      try h.expect(queued.state == .queued, "or is queued: \(queued)")
      let log = try await h.store.log(of: job.id, after: nil, most: 20).map(\.action)
      try h.expect(
        log == [.submitted, .cancelled, .retried, .cancelled, .retried, .ready], "the log says that: \(log)")
      let refused = try await h.refusedUpload { _ = try await h.store.deleteUpload(upload.id) }
      try h.expect(refused == .inUse(jobID: job.id), "it is pinned: \(refused)")
      _ = try await h.store.requestCancel(job.id, by: "a")
      _ = try await h.store.deleteUpload(upload.id)
    },
  ]
}
