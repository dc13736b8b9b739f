import GRDB
public import JobQueue
public import Storage
public import TallySchema

extension SQLiteJobStore {
  public func claim(worker: String, offer: WorkerOffer) async throws -> JobRecord? {
    // Looking costs a read only: an idle server writes nothing.
    let now = clock()
    let isWorthIt = try await read { [self] tables in
      if try tables.first(SQLiteJobStore.isDue, [now.milliseconds]) != nil { return true }
      if try isUploaded(tables) { return true }
      guard let head = try SQLiteJobStore.head(tables, now: now, offer) else { return false }
      // A lease that has expired may end its job without any memory.
      return head.state == .running || head.spec.memoryBytes <= offer.freeBytes
    }
    guard isWorthIt else { return nil }
    return try await write { [lifecycle, clock, uploadWaits] tables in
      let now = clock()
      for job in try tables.all(SQLiteJobStore.isDue, [now.milliseconds]) {
        if let awake = lifecycle.wake(job, now: now) { try tables.update(awake, from: job, at: now) }
      }
      if uploadWaits.mayBeSome {
        for job in try tables.all("\(SQLiteJobStore.waitsForUploads) AND \(UploadTables.isUploaded) LIMIT 100") {
          try SQLiteJobStore.wake(job, tables, lifecycle, now: now)
        }
      }
      while let job = try SQLiteJobStore.head(tables, now: now, offer) {
        switch lifecycle.claim(job, worker: worker, now: now) {
        case .run(let claimed):
          guard job.spec.memoryBytes <= offer.freeBytes else { return nil }
          try tables.update(claimed, from: job, at: now)
          return claimed
        case .ended(let ended): try tables.update(ended, from: job, at: now)
        case .notYet: return nil
        }
      }
      return nil
    }
  }

  /// Whether a job's uploads are complete that has waited for them. Asked of the tables only while there may be such a job.
  private func isUploaded(_ tables: JobTables) throws -> Bool {
    guard let known = uploadWaits.look() else { return false }
    if try tables.first("\(SQLiteJobStore.waitsForUploads) AND \(UploadTables.isUploaded) LIMIT 1", []) != nil {
      return true
    }
    if try tables.first("\(SQLiteJobStore.waitsForUploads) LIMIT 1", []) == nil { uploadWaits.areNone(since: known) }
    return false
  }

  /// A job whose upload is gone, as one that an older version has queued again may be, isn't waited for: it has failed.
  private static func wake(_ job: JobRecord, _ tables: JobTables, _ lifecycle: JobLifecycle, now: Timestamp) throws {
    do {
      _ = try tables.wakeIfUploaded(job, lifecycle, now: now)
    } catch JobStoreError.uploadNotFound(let id) {
      try tables.update(lifecycle.giveUpWaiting(job, forUpload: id, now: now), from: job, at: now)
    }
  }

  /// Whether every need of a job is in a JSON array.
  private static let isKnown =
    "(needs = '[]' OR NOT EXISTS (SELECT 1 FROM json_each(needs) AS n WHERE n.value NOT IN (SELECT value FROM json_each(?))))"

  private static let isDue = "state = 'waiting' AND ready_at <= ? LIMIT 100"
  private static let waitsForUploads = "state = 'waiting' AND ready_at = \(Timestamp.whenUploaded.milliseconds)"

  /// The first job that may be claimed: queued and ready, or running under a lease that has expired. Of one millisecond,
  /// the one that was submitted first.
  private static func head(_ tables: JobTables, now: Timestamp, _ offer: WorkerOffer) throws -> JobRecord? {
    try tables.first(
      """
      state IN ('queued', 'running') AND ((state = 'queued' AND ready_at <= ?) OR (state = 'running' AND lease_expires_at < ?))
        AND memory_bytes <= ? AND \(SQLiteJobStore.isKnown)
      ORDER BY claim_key, rowid LIMIT 1
      """, [now.milliseconds, now.milliseconds, offer.mostBytes, offer.featuresText])
  }

  public func renew(_ id: String, epoch: Int, progress: JobProgress) async throws -> JobLifecycle.WorkerWrite {
    try await write(.none) { [lifecycle, clock] tables in
      let now = clock()
      return try tables.write(id, at: now) {
        lifecycle.renew($0, epoch: epoch, progress: progress, now: now)
      }
    }
  }

  public func commit(
    _ id: String, epoch: Int, result: SealedResult, progress: JobProgress
  ) async throws -> JobLifecycle.WorkerWrite {
    try await write { [lifecycle, clock] tables in
      let now = clock()
      return try tables.write(id, at: now) { job in
        let committed = CommittedResult(
          file: result.file, bytes: result.bytes, rows: result.rows, sha256: result.sha256,
          generation: try job.spec.output.map(tables.nextGeneration) ?? 1)
        let outcome = lifecycle.commit(job, epoch: epoch, result: committed, progress: progress, now: now)
        if case .applied(let ended) = outcome, ended.state == .succeeded { try tables.setNewest(committed, of: ended) }
        return outcome
      }
    }
  }

  public func fail(_ id: String, epoch: Int, failure: JobFailure) async throws -> JobLifecycle.WorkerWrite {
    try await write { [lifecycle, clock] tables in
      let now = clock()
      return try tables.write(id, at: now) {
        lifecycle.fail($0, epoch: epoch, failure: failure, now: now)
      }
    }
  }

  public func release(_ id: String, epoch: Int) async throws -> JobLifecycle.WorkerWrite {
    try await write { [lifecycle, clock] tables in
      let now = clock()
      return try tables.write(id, at: now) { lifecycle.release($0, epoch: epoch, now: now) }
    }
  }
}
