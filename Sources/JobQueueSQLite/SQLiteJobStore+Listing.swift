import GRDB
public import JobQueue
public import TallySchema

extension SQLiteJobStore {
  public func list(_ query: JobQuery) async throws -> JobListing {
    var (condition, arguments): (String, StatementArguments) = ("owner = ?", [query.owner])
    if let states = query.states {
      condition += " AND \(JobColumns.shownState) IN (SELECT value FROM json_each(?))"
      arguments += [states.map(\.rawValue).json.text]
    }
    // SQLite takes the beginning of an empty blob for null.
    if let prefix = query.outputPrefix, !prefix.isEmpty {
      condition += " AND substr(CAST(output AS BLOB), 1, ?) = CAST(? AS BLOB)"
      arguments += [prefix.utf8.count, prefix]
    }
    if !query.includesUnnamed { condition += " AND output <> ''" }
    if let moment = query.createdFrom {
      condition += " AND created_at >= ?"
      arguments += [moment.milliseconds]
    }
    if let moment = query.createdBefore {
      condition += " AND created_at < ?"
      arguments += [moment.milliseconds]
    }
    if let token = try query.pageToken.map(JobPageToken.init) {
      condition += " AND (created_at, id) < (?, ?)"
      arguments += [token.createdAt.milliseconds, token.id]
    }
    condition += " ORDER BY created_at DESC, id DESC LIMIT ?"
    arguments += [query.pageSize + 1]
    let (text, values) = (condition, arguments)
    let found = try await read(telling: { $0.jobs.map(\.id) }) {
      try $0.some(text, values, specBytesMost: JobListing.specBytesMost)
    }
    return JobListing(found: found.jobs, pageSize: query.pageSize, isCut: found.isCut)
  }

  /// Numbers of the moment: they tell of no job, and may count what is just being brought to the disk.
  public func counts(owner: String?, includesUnnamed: Bool) async throws -> [JobState: Int] {
    try await read { tables in
      let rows = try Row.fetchAll(
        tables.database,
        sql: """
          SELECT \(JobColumns.shownState) AS shown, count(*) AS count FROM jobs
          WHERE (? IS NULL OR owner = ?) AND (? OR output <> '') GROUP BY shown
          """,
        arguments: [owner, owner, includesUnnamed])
      return Dictionary(
        uniqueKeysWithValues: rows.compactMap { row in JobState(rawValue: row["shown"]).map { ($0, row["count"]) } })
    }
  }

  public func log(of id: String, after cursor: JobCursor?, most: Int) async throws -> [JobLogLine] {
    try await read(telling: { _ in [id] }) { tables in
      // Lines of before the log was kept are left out: they don't say who or when.
      let rows = try Row.fetchAll(
        tables.database,
        sql: "SELECT * FROM events WHERE job_id = ? AND sequence > ? AND action IS NOT NULL ORDER BY sequence LIMIT ?",
        arguments: [id, cursor?.sequence ?? 0, most])
      let kept = try rows.map { row in
        try JobLogLine(
          jobID: id, sequence: row["sequence"], epoch: row["epoch"], atMilliseconds: row["at"], actor: row["actor"],
          action: row["action"], status: row["status"])
      }
      if let cursor, cursor.sequence > 0 { return kept }
      return try tables.job(id)?.log(kept: kept, after: cursor, most: most) ?? kept
    }
  }
}
