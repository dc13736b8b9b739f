public import TallySchema

/// Jobs that wait for what is being uploaded.
extension JobLifecycle {
  /// Queues a job that waits for uploads, when the last of them is complete; where it also has a time, it waits for that. Nil: it
  /// doesn't wait for uploads.
  public func wake(_ job: JobRecord, uploadedAt: Timestamp, now: Timestamp) -> JobRecord? {
    guard job.state == .waiting, job.readyAt == .whenUploaded else { return nil }
    return changed(job) {
      $0.readyAt = max(uploadedAt, job.spec.startAt ?? uploadedAt)
      if $0.readyAt <= now { $0.state = .queued }
    }
  }

  /// Ends a job that waits for an upload which has been given up.
  public func giveUpWaiting(_ job: JobRecord, forUpload id: String, now: Timestamp) -> JobRecord {
    guard job.state == .waiting else { return job }
    let name = InputReference.upload(id).text
    return ended(
      job, .failed,
      error: JobFailure(
        .notFound, reason: "UPLOAD_EXPIRED",
        "\(name): nothing came for this upload for too long, and it was given up (uploadExpiryMilliseconds). Upload it again.",
        file: name), now: now)
  }
}

extension Timestamp {
  /// Of a job that waits for uploads: no other moment is so late.
  public static let whenUploaded = Timestamp(milliseconds: 253_402_300_799_999)
}
