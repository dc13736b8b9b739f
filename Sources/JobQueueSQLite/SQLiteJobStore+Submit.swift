import GRDB
public import JobQueue
import TallySchema

extension SQLiteJobStore {
  public func submit(_ submission: JobSubmission) async throws -> JobRecord {
    let now = clock()
    // When it is there, and whatever its answer: a look before that doesn't see it.
    defer { if submission.spec.readsUploads { uploadWaits.begin() } }
    // Made here, where many do it at the same time, and not by the one who writes for all of them.
    let new = NewJob(JobLifecycle.admit(submission, id: JobID.make(now: now), now: now))
    return try await write { [limits, lifecycle] tables in
      if let key = submission.idempotencyKey,
        let job = try tables.first("owner = ? AND idempotency_key = ?", [submission.owner, key])
      {
        guard job.spec.json.text.utf8.elementsEqual(submission.spec.json.text.utf8) else {
          throw JobStoreError.idempotencyKeyReused(jobID: job.id)
        }
        return job
      }
      try SQLiteJobStore.checkNames(submission, tables)
      if try tables.unfinished() >= limits.unfinishedJobs {
        throw JobStoreError.tooManyJobs(limit: limits.unfinishedJobs)
      }
      // Looked at before anything is written.
      if submission.spec.readsUploads { _ = try tables.uploadCompletion(of: new.job) }
      try tables.insert(new)
      return try tables.wakeIfUploaded(new.job, lifecycle, now: now)
    }
  }

  public func requestCancel(_ id: String, by actor: String) async throws -> JobRecord? {
    try await write { [lifecycle, clock] tables in
      let now = clock()
      guard try tables.job(id) != nil else { return nil }
      return try tables.change(id, at: now, by: actor) { lifecycle.requestCancel($0, now: now) }
    }
  }

  public func retry(_ id: String, by actor: String, existingOutputs: [String]) async throws -> JobRecord {
    defer { uploadWaits.begin() }
    return try await write { [lifecycle, clock] tables in
      let now = clock()
      let again = try tables.change(id, at: now, by: actor) { job in
        if job.unreadable != nil { throw JobStoreError.unreadable(jobID: id) }
        guard let again = lifecycle.retry(job, now: now) else {
          throw JobStoreError.wrongState(jobID: id, job.shownState)
        }
        var submission = JobSubmission(owner: job.owner, spec: job.spec)
        submission.existingOutputs = existingOutputs
        try SQLiteJobStore.checkNames(submission, tables)
        _ = try tables.uploadCompletion(of: job)
        try tables.take(job)
        return again
      }
      return try tables.wakeIfUploaded(again, lifecycle, now: now)
    }
  }

  public func delete(_ id: String) async throws {
    try await write { [lifecycle] tables in
      guard let job = try tables.job(id) else { throw JobStoreError.notFound(jobID: id) }
      guard lifecycle.mayDelete(job) else { throw JobStoreError.wrongState(jobID: id, job.shownState) }
      try tables.run("DELETE FROM jobs WHERE id = ?", [id])
      tables.changed.insert(id)
    }
  }

  /// One unfinished job for each output name, and none that writes what another reads.
  private static func checkNames(_ submission: JobSubmission, _ tables: JobTables) throws {
    try checkNames(submission.spec.outputs, existing: submission.existingOutputs, of: submission.owner, tables)
  }

  static func checkNames(
    _ names: [String], existing: [String], of owner: String, _ tables: JobTables
  ) throws {
    for name in names {
      let others = try tables.others(naming: name)
      if let holder = others.writer { throw JobStoreError.outputReserved(name: name, jobID: holder) }
      if let reader = others.reader { throw JobStoreError.outputIsInput(name: name, jobID: reader) }
    }
    if existing.isEmpty { return }
    for (pattern, job) in try tables.patterns(of: owner) {
      if let name = existing.first(where: { NamePattern.matches(pattern, $0) }) {
        throw JobStoreError.outputIsInput(name: name, jobID: job)
      }
    }
  }
}
