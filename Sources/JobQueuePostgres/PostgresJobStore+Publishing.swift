public import JobQueue
public import TallySchema

extension PostgresJobStore {
  public func unpublished() async throws -> [JobRecord] {
    try await database.read(tables.jobs("j.publication = 'pending' ORDER BY j.finished_at")).map(PostgresTables.job)
  }

  public func newestCommitted(output: String) async throws -> JobRecord? {
    let condition = "j.id = (SELECT job_id FROM \(tables.schema).outputs WHERE name = $1)"
    return try await database.read(tables.jobs(condition, [output])).first.map(PostgresTables.job)
  }

  public func markPublished(_ id: String, generation: Int) async throws {
    try await change(id) { [lifecycle] in lifecycle.publish($0, generation: generation, now: $1) }
  }

  public func markDelayed(_ id: String, generation: Int, failure: JobFailure) async throws {
    try await change(id) { [lifecycle] job, _ in
      lifecycle.delayPublishing(job, generation: generation, failure: failure)
    }
  }

  public func markUnpublishable(_ id: String, generation: Int, failure: JobFailure) async throws {
    try await change(id) { [lifecycle] in
      lifecycle.giveUpPublishing($0, generation: generation, failure: failure, now: $1)
    }
  }

  private func change(_ id: String, _ rule: @Sendable (JobRecord, Timestamp) -> JobRecord) async throws {
    try await database.transaction(reads: [tables.lock(id), tables.clock]) { [tables] found, _ in
      guard let old = try found[0].rows.first.map(PostgresTables.job) else { throw JobStoreError.notFound(jobID: id) }
      let now = try PostgresTables.moment(found[1])
      return PostgresDatabase.Decision(value: (), writes: tables.update(rule(old, now), from: old, at: now))
    }
    changes.notify()
  }

  public func prune(endedBefore moment: Timestamp, most: Int) async throws -> Int {
    let jobs = "\(tables.schema).jobs"
    let statement = PostgresStatement(
      """
      DELETE FROM \(jobs) WHERE id IN (
        SELECT id FROM \(jobs) WHERE finished_at < $1::bigint AND publication <> 'pending'
        ORDER BY finished_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED)
      """, [String(moment.milliseconds), String(most)])
    return try await database.change(statement)
  }
}
