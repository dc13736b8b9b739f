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

  public func abandonPublication(_ id: String, by actor: String) async throws -> JobRecord {
    try await change(id, by: actor) { [lifecycle] in lifecycle.abandonPublishing($0, now: $1) }
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

  @discardableResult
  private func change(
    _ id: String, by actor: String? = nil, _ rule: @escaping @Sendable (JobRecord, Timestamp) -> JobRecord
  ) async throws -> JobRecord {
    let changed = try await database.transaction(
      reads: [(.job, tables.lock(id)), (.clock, tables.clock)]
    ) { [tables] found, _ in
      guard let old = try found.rows(.job).first.map(PostgresTables.job) else {
        throw JobStoreError.notFound(jobID: id)
      }
      let now = try PostgresTables.moment(found[.clock])
      let new = rule(old, now)
      return PostgresDatabase.Decision(value: new, writes: tables.update(new, from: old, at: now, by: actor))
    }
    changes.notify()
    return changed
  }

  public func unnamed(endedMilliseconds: Int, most: Int) async throws -> [JobRecord] {
    let condition =
      "p.output = '' AND j.finished_at < \(tables.now()) - $1::bigint ORDER BY j.finished_at LIMIT $2::bigint"
    return try await database.read(tables.jobs(condition, [String(endedMilliseconds), String(most)]))
      .map(PostgresTables.job)
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
