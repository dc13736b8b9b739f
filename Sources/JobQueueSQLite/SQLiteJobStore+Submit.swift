import GRDB
public import JobQueue
import Schema

extension SQLiteJobStore {
  public func submit(_ submission: JobSubmission) async throws -> JobRecord {
    try await write { [lifecycle, limits, clock] database in
      let tables = JobTables(database: database)
      let now = clock()
      if let key = submission.idempotencyKey,
        let job = try tables.first("owner = ? AND idempotency_key = ?", [submission.owner, key])
      {
        guard job.spec.json.text.utf8.elementsEqual(submission.spec.json.text.utf8) else {
          throw JobStoreError.idempotencyKeyReused(jobID: job.id)
        }
        return job
      }
      try SQLiteJobStore.checkNames(submission.spec, tables)
      if try tables.unfinished() >= limits.unfinishedJobs {
        throw JobStoreError.tooManyJobs(limit: limits.unfinishedJobs)
      }
      let job = lifecycle.admit(submission, id: JobID.make(now: now), now: now)
      try tables.insert(job)
      return job
    }
  }

  public func requestCancel(_ id: String, by actor: String) async throws -> JobRecord? {
    try await write { [lifecycle, clock] database in
      let tables = JobTables(database: database)
      let now = clock()
      guard try tables.job(id) != nil else { return nil }
      return try tables.change(id, at: now, by: actor) { lifecycle.requestCancel($0, now: now) }
    }
  }

  public func retry(_ id: String, by actor: String) async throws -> JobRecord {
    try await write { [lifecycle, clock] database in
      let tables = JobTables(database: database)
      let now = clock()
      return try tables.change(id, at: now, by: actor) { job in
        guard let again = lifecycle.retry(job, now: now) else { throw JobStoreError.wrongState(jobID: id, job.state) }
        try SQLiteJobStore.checkNames(job.spec, tables)
        try tables.reserve(job)
        return again
      }
    }
  }

  public func delete(_ id: String) async throws {
    try await write { [lifecycle] database in
      let tables = JobTables(database: database)
      guard let job = try tables.job(id) else { throw JobStoreError.notFound(jobID: id) }
      guard lifecycle.mayDelete(job) else { throw JobStoreError.wrongState(jobID: id, job.state) }
      try tables.run("DELETE FROM jobs WHERE id = ?", [id])
    }
  }

  /// One unfinished job for each output name, and none that writes what another reads.
  private static func checkNames(_ spec: JobSpec, _ tables: JobTables) throws {
    for name in spec.outputs { try check(name, tables) }
  }

  private static func check(_ name: String, _ tables: JobTables) throws {
    if let holder = try String.fetchOne(
      tables.database.cachedStatement(sql: "SELECT job_id FROM reservations WHERE name = ?"), arguments: [name])
    {
      throw JobStoreError.outputReserved(name: name, jobID: holder)
    }
    let reader = try tables.first(
      "input = ? AND state IN ('waiting', 'queued', 'running') LIMIT 1", [name])
    // Of jobs that read several files, each is looked through.
    let other = try tables.first(
      "json_type(spec, '$.input') = 'array' AND state IN ('waiting', 'queued', 'running') "
        + "AND EXISTS (SELECT 1 FROM json_each(spec, '$.input') WHERE value = ?) LIMIT 1", [name])
    if let reader = reader ?? other { throw JobStoreError.outputIsInput(name: name, jobID: reader.id) }
  }
}
