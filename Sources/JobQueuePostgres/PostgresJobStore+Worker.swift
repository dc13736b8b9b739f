public import JobQueue
public import Storage
import Synchronization
public import TallySchema

extension PostgresJobStore {
  /// The first job that may be claimed: queued and ready, or running under a lease that has expired. Of one millisecond,
  /// the one that was submitted first.
  private func head(_ now: String, _ offer: WorkerOffer) -> String {
    """
    j.state IN ('queued', 'running')
      AND ((j.state = 'queued' AND j.ready_at <= \(now)) OR (j.state = 'running' AND j.lease_expires_at < \(now)))
      AND j.memory_bytes <= \(offer.mostBytes)
      AND (j.needs = '[]' OR j.needs::jsonb <@ \(StoredValue.text(offer.featuresText).literal)::jsonb)
    ORDER BY j.claim_key, j.number LIMIT 1
    """
  }

  public func claim(worker: String, offer: WorkerOffer) async throws -> JobRecord? {
    while true {
      // Looking costs a read only: an idle fleet writes nothing.
      guard try await mayClaim(offer) else { return nil }
      let now = tables.now()
      let reads = [
        (TransactionRead.clock, tables.clock),
        (.due, tables.jobs("j.state = 'waiting' AND j.ready_at <= \(now) LIMIT 100 FOR UPDATE OF j SKIP LOCKED")),
        (.uploaded, tables.uploaded(most: 100)),
        (.waiting, tables.waitingForUploads),
        // Those that another worker is just claiming are skipped.
        (.head, tables.jobs(head(now, offer) + " FOR UPDATE OF j SKIP LOCKED")),
      ]
      let decided = Mutex<JobRecord?>(nil)
      let outcome = try await database.transaction(reads: reads) { [tables, lifecycle] found, isRepeated in
        let now = try PostgresTables.moment(found[.clock])
        var decision = PostgresDatabase.Decision<ClaimOutcome>(value: .none, writes: [])
        if isRepeated {
          decision.value = .again
          return decision
        }
        for job in try found.rows(.due).map(PostgresTables.job) {
          guard let awake = lifecycle.wake(job, now: now) else { continue }
          decision.writes += tables.update(awake, from: job, at: now)
          decision.value = .again
        }
        let moments = try PostgresTables.moments(found.rows(.uploaded))
        for job in try found.rows(.waiting).map(PostgresTables.job) {
          guard let moment = moments[job.id], let awake = lifecycle.wake(job, uploadedAt: moment, now: now) else {
            continue
          }
          decision.writes += tables.update(awake, from: job, at: now)
          decision.value = .again
        }
        // Those that have just been woken may go before it.
        if decision.value == .again { return decision }
        guard let job = try found.rows(.head).first.map(PostgresTables.job) else { return decision }
        switch lifecycle.claim(job, worker: worker, now: now) {
        case .run(let claimed) where job.spec.memoryBytes <= offer.freeBytes:
          decision.value = .claimed(claimed)
          decided.withLock { $0 = claimed }
          decision.writes += tables.update(claimed, from: job, at: now)
        case .ended(let ended):
          decision.value = .again
          decision.writes += tables.update(ended, from: job, at: now)
        case .run, .notYet: break
        }
        return decision
      }
      switch outcome {
      case .none: return nil
      case .again:
        changes.notify()
        // The reply to a claim was lost: whether it was carried out is read back.
        if let claimed = decided.withLock({ $0 }), let job = try await job(claimed.id), job.epoch == claimed.epoch,
          job.lease?.worker == worker
        {
          return job
        }
      case .claimed(let job):
        changes.notify()
        return job
      }
    }
  }

  private enum ClaimOutcome: Hashable, Sendable {
    case none
    /// Something else was done first: look again.
    case again
    case claimed(JobRecord)
  }

  private func mayClaim(_ offer: WorkerOffer) async throws -> Bool {
    let now = tables.now()
    let statement = PostgresStatement(
      """
      SELECT EXISTS (SELECT 1 FROM \(tables.schema).jobs j WHERE j.state = 'waiting' AND j.ready_at <= \(now))
          OR EXISTS (\(tables.uploaded(most: 1).sql)) AS due,
        (SELECT j.state = 'running' OR j.memory_bytes <= $1::bigint FROM \(tables.schema).jobs j WHERE \(head(now, offer))) AS fits
      """, [String(offer.freeBytes)])
    let row = try await database.read(statement).first
    return row?.text("due") == "t" || row?.text("fits") == "t"
  }

  public func renew(_ id: String, epoch: Int, progress: JobProgress) async throws -> JobLifecycle.WorkerWrite {
    // On disk as well: a report that a crash of the database took back would have been shown under a sequence that is then
    // given to the job's end, which nobody would be told.
    try await write(id, signals: false) { [lifecycle] job, now in
      lifecycle.renew(job, epoch: epoch, progress: progress, now: now)
    }
  }

  public func fail(_ id: String, epoch: Int, failure: JobFailure) async throws -> JobLifecycle.WorkerWrite {
    try await write(id) { [lifecycle] job, now in lifecycle.fail(job, epoch: epoch, failure: failure, now: now) }
  }

  public func release(_ id: String, epoch: Int) async throws -> JobLifecycle.WorkerWrite {
    try await write(id) { [lifecycle] job, now in lifecycle.release(job, epoch: epoch, now: now) }
  }

  /// A worker's write to its job's row, which may be refused.
  private func write(
    _ id: String, signals: Bool = true,
    _ rule: @Sendable (JobRecord, Timestamp) -> JobLifecycle.WorkerWrite
  ) async throws -> JobLifecycle.WorkerWrite {
    let reads = [(TransactionRead.job, tables.lock(id)), (.clock, tables.clock)]
    let outcome = try await database.transaction(reads: reads) { [tables] found, _ in
      guard let old = try found.rows(.job).first.map(PostgresTables.job) else {
        throw JobStoreError.notFound(jobID: id)
      }
      let now = try PostgresTables.moment(found[.clock])
      let outcome = rule(old, now)
      guard case .applied(let new) = outcome else { return PostgresDatabase.Decision(value: outcome, writes: []) }
      return PostgresDatabase.Decision(value: outcome, writes: tables.update(new, from: old, at: now))
    }
    if signals { changes.notify() }
    return outcome
  }

  public func commit(
    _ id: String, epoch: Int, result: SealedResult, progress: JobProgress
  ) async throws -> JobLifecycle.WorkerWrite {
    let newest = PostgresStatement(
      """
      SELECT generation FROM \(tables.schema).outputs
      WHERE name = (SELECT output FROM \(tables.schema).payloads WHERE job_id = $1) FOR UPDATE
      """, [id])
    let reads = [(TransactionRead.job, tables.lock(id)), (.clock, tables.clock), (.generation, newest)]
    let outcome = try await database.transaction(reads: reads) { [tables, lifecycle] found, _ in
      guard let old = try found.rows(.job).first.map(PostgresTables.job) else {
        throw JobStoreError.notFound(jobID: id)
      }
      let now = try PostgresTables.moment(found[.clock])
      let generation = try found.rows(.generation).first.map { Int(try $0.required("generation")) } ?? 0
      let committed = CommittedResult(
        file: result.file, bytes: result.bytes, rows: result.rows, sha256: result.sha256, generation: generation + 1)
      let outcome = lifecycle.commit(old, epoch: epoch, result: committed, progress: progress, now: now)
      guard case .applied(let new) = outcome else { return PostgresDatabase.Decision(value: outcome, writes: []) }
      var writes = tables.update(new, from: old, at: now)
      if new.state == .succeeded { writes += tables.setNewest(committed, of: new) }
      return PostgresDatabase.Decision(value: outcome, writes: writes)
    }
    changes.notify()
    return outcome
  }
}
