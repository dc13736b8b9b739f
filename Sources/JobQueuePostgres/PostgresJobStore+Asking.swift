public import JobQueue
public import TallySchema
import Uploads

extension PostgresJobStore {
  public func submit(_ submission: JobSubmission) async throws -> JobRecord { try await submissions.submit(submission) }

  public func requestCancel(_ id: String, by actor: String) async throws -> JobRecord? {
    if id.utf8.contains(0) { return nil }
    let outcome = try await database.transaction(reads: [(.clock, tables.clock), (.job, tables.lock(id))]) {
      [tables, lifecycle] found, _ in
      guard let old = try found.rows(.job).first.map(PostgresTables.job) else {
        return PostgresDatabase.Decision<JobRecord?>(value: nil, writes: [])
      }
      let now = try PostgresTables.moment(found[.clock])
      let new = lifecycle.requestCancel(old, now: now)
      return PostgresDatabase.Decision(
        value: new, writes: new == old ? [] : tables.update(new, from: old, at: now, by: actor) + [tables.notify])
    }
    changes.notify()
    return outcome
  }

  public func retry(_ id: String, by actor: String, existingOutputs: [String]) async throws -> JobRecord {
    guard let job = try await job(id) else { throw JobStoreError.notFound(jobID: id) }
    if job.unreadable != nil { throw JobStoreError.unreadable(jobID: id) }
    let names = job.spec.outputs
    var submission = JobSubmission(owner: job.owner, spec: job.spec)
    submission.existingOutputs = existingOutputs
    let reads = [
      (TransactionRead.namesLock, tables.lockNames), (.clock, tables.clock), (.job, tables.lock(id)),
      (.writers, tables.writers(names)), (.readers, tables.readers(names)),
      (.patterns, tables.patterns(of: existingOutputs.isEmpty ? [] : [job.owner])),
      (.upload, tables.shareUploads(job.spec.uploads)),
    ]
    let again = try await database.transaction(reads: reads) { [tables, lifecycle, submission] found, isRepeated in
      guard let old = try found.rows(.job).first.map(PostgresTables.job) else {
        throw JobStoreError.notFound(jobID: id)
      }
      let now = try PostgresTables.moment(found[.clock])
      guard let new = lifecycle.retry(old, now: now) else {
        // An earlier try, whose answer was lost, has queued it.
        if isRepeated, !old.state.isFinal { return PostgresDatabase.Decision(value: old, writes: []) }
        throw JobStoreError.wrongState(jobID: id, old.shownState)
      }
      let others = SpecNames(found)
      if let problem = others.problem(of: submission) { throw problem }
      var writes = tables.take([new]) + tables.update(new, from: old, at: now, by: actor)
      let moment = try UploadLifecycle.completion(
        of: new.spec.uploads, owner: new.owner, found: found.rows(.upload).map(UploadColumns.upload))
      guard let moment, let awake = lifecycle.wake(new, uploadedAt: moment, now: now) else {
        return PostgresDatabase.Decision(value: new, writes: writes + [tables.notify])
      }
      writes += tables.update(awake, from: new, at: now)
      return PostgresDatabase.Decision(value: awake, writes: writes + [tables.notify])
    }
    changes.notify()
    return again
  }

  public func delete(_ id: String) async throws {
    if id.utf8.contains(0) { throw JobStoreError.notFound(jobID: id) }
    try await database.transaction(reads: [(.job, tables.lock(id))]) { [tables, lifecycle] found, isRepeated in
      guard let job = try found.rows(.job).first.map(PostgresTables.job) else {
        if isRepeated { return PostgresDatabase.Decision(value: (), writes: []) }
        throw JobStoreError.notFound(jobID: id)
      }
      guard lifecycle.mayDelete(job) else { throw JobStoreError.wrongState(jobID: id, job.shownState) }
      return PostgresDatabase.Decision(
        value: (), writes: [PostgresStatement("DELETE FROM \(tables.schema).jobs WHERE id = $1", [id])])
    }
    changes.notify()
  }

  public func list(_ query: JobQuery) async throws -> JobListing {
    var conditions = ["j.owner = $1"]
    var parameters: [String?] = [query.owner]
    func place(_ value: String) -> String {
      parameters.append(value)
      return "$\(parameters.count)"
    }
    if let states = query.states {
      conditions.append("\(JobColumns.shownState) = ANY(\(place(PostgresText.array(states.map(\.rawValue))))::text[])")
    }
    if let prefix = query.outputPrefix {
      if prefix.utf8.contains(0) { return JobListing(jobs: []) }
      conditions.append("starts_with(p.output, \(place(prefix)))")
    }
    if !query.includesUnnamed { conditions.append("p.output <> ''") }
    if let moment = query.createdFrom {
      conditions.append("j.created_at >= \(place(String(moment.milliseconds)))::bigint")
    }
    if let moment = query.createdBefore {
      conditions.append("j.created_at < \(place(String(moment.milliseconds)))::bigint")
    }
    if let token = try query.pageToken.map(JobPageToken.init) {
      conditions.append(
        "(j.created_at, j.id) < (\(place(String(token.createdAt.milliseconds)))::bigint, \(place(token.id)))")
    }
    let condition = conditions.joined(separator: " AND ")
    let limit = place(String(query.pageSize + 1))
    // How large they are first: libpq holds a whole answer in memory.
    let order = "ORDER BY j.created_at DESC, j.id DESC"
    let sizes = try await database.read(
      PostgresStatement(
        """
        SELECT j.id, j.created_at, octet_length(p.spec) AS bytes FROM \(tables.schema).jobs j
          JOIN \(tables.schema).payloads p ON p.job_id = j.id WHERE \(condition) \(order) LIMIT \(limit)::bigint
        """, parameters))
    var (ids, bytes, last): ([String], Int, JobPageToken?) = ([], 0, nil)
    for row in sizes.prefix(query.pageSize) {
      bytes += Int(row.integer("bytes") ?? 0)
      if !ids.isEmpty, bytes > JobListing.specBytesMost { break }
      guard let id = row.text("id") else { continue }
      ids.append(id)
      last = JobPageToken(createdAt: Timestamp(milliseconds: row.integer("created_at") ?? 0), id: id)
    }
    let found = try await database.read(
      tables.jobs("j.id = ANY($1::text[]) \(order)", [PostgresText.array(ids)]))
    // The token follows from the first query: a job that was deleted meanwhile doesn't end the list.
    return JobListing(
      jobs: try found.map(PostgresTables.job), nextPageToken: ids.count < sizes.count ? last?.description : nil)
  }

  public func counts(owner: String?, includesUnnamed: Bool) async throws -> [JobState: Int] {
    let isCounted =
      includesUnnamed
      ? "true" : "NOT EXISTS (SELECT 1 FROM \(tables.schema).payloads p WHERE p.job_id = j.id AND p.output = '')"
    let statement = PostgresStatement(
      """
      SELECT \(JobColumns.shownState) AS shown, count(*) AS count FROM \(tables.schema).jobs j
        WHERE ($1::text IS NULL OR owner = $1) AND \(isCounted) GROUP BY shown
      """, [owner])
    return Dictionary(
      try await database.read(statement).compactMap { row in
        row.text("shown").flatMap(JobState.init).map { ($0, Int(row.integer("count") ?? 0)) }
      }
    ) { first, _ in first }
  }
}
