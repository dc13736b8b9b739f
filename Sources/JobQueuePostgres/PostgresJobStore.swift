public import JobQueue
public import TallySchema
import Uploads

/// The fleet's store: any number of servers and workers, on any number of machines, over one PostgreSQL database.
///
/// ```swift
/// let store = try await PostgresJobStore(PostgresStoreAddress("postgres://tally@db.example/tally"))
/// let job = try await store.submit(JobSubmission(owner: "local", spec: spec))
/// ```
///
/// The database's clock is the only one. Every transaction commits with `synchronous_commit` as the server has it.
public final class PostgresJobStore: JobStore {
  public let uuid: String
  public let changes = ChangeSignal()

  let database: PostgresDatabase
  let tables: PostgresTables
  let lifecycle: JobLifecycle
  let uploads: UploadLifecycle
  let limits: Limits
  let submissions: SubmissionQueue
  private let loop: PostgresLoop
  private let listener: PostgresListener?

  /// Connects, and makes or migrates the tables where that is needed.
  ///
  /// - Parameter connectionsMost: of this process, besides one that listens.
  /// - Throws: `StoreUnavailable` when the database can't be reached; ``StoreTooNew``.
  public convenience init(
    _ address: PostgresStoreAddress, limits: Limits = .standard, connectionsMost: Int = 8
  ) async throws {
    try await self.init(
      address, limits: limits, connectionsMost: connectionsMost, now: { PostgresTables.databaseClock })
  }

  /// - Parameter now: the store's clock as an SQL expression; tests have their own.
  package init(
    _ address: PostgresStoreAddress, limits: Limits, connectionsMost: Int, now: @escaping @Sendable () -> String
  ) async throws {
    let tables = PostgresTables(schema: address.schema, now: now)
    let loop = try PostgresLoop()
    let pool = PostgresPool(loop: loop, url: address.url, connectionsMost: connectionsMost)
    let database = PostgresDatabase(pool: pool)
    let lifecycle = JobLifecycle(limits: limits)
    do {
      try await database.migrate(schema: address.schema)
      uuid =
        try await database.read(PostgresStatement("SELECT uuid FROM \(address.schema).store")).first?.text("uuid") ?? ""
    } catch {
      await loop.stop()
      throw error
    }
    self.loop = loop
    self.tables = tables
    self.database = database
    self.lifecycle = lifecycle
    self.limits = limits
    uploads = UploadLifecycle(limits: limits)
    submissions = SubmissionQueue(
      database: database, tables: tables, lifecycle: lifecycle, unfinishedMost: limits.unfinishedJobs,
      onCommit: { [changes] in changes.notify() })
    listener =
      address.listens ? PostgresListener(loop: loop, url: address.url, channel: tables.channel, signal: changes) : nil
  }

  /// Looks at a store without changing it.
  ///
  /// - Returns: what there is, in words.
  /// - Throws: `StoreUnavailable`; ``StoreTooNew``.
  public static func inspect(_ address: PostgresStoreAddress) async throws -> String {
    let loop = try PostgresLoop()
    let database = PostgresDatabase(pool: PostgresPool(loop: loop, url: address.url, connectionsMost: 1))
    let outcome: Result<String, any Error>
    do {
      let there = PostgresStatement("SELECT to_regclass($1) IS NOT NULL AS there", ["\(address.schema).store"])
      if try await database.read(there).first?.value("there") == "t" {
        let version = try await database.read(PostgresStatement("SELECT version FROM \(address.schema).store")).first
        let (found, known) = (
          Int(try version?.required("version") ?? 0), PostgresSchema.migrations(address.schema).count
        )
        if found > known {
          let least = try await database.read(
            PostgresStatement("SELECT least_version FROM \(address.schema).store")
          ).first?.required("least_version")
          if least ?? .max > known { throw StoreTooNew(version: found, known: known) }
        }
        outcome = .success(
          found < known
            ? "tables of version \(found), serve migrates them to \(known)"
            : "tables of version \(found)\(found > known ? ", made by a newer program" : "")")
      } else {
        outcome = .success("no tables yet; serve makes them")
      }
    } catch {
      outcome = .failure(error)
    }
    await loop.stop()
    return try outcome.get()
  }

  public func close() async {
    await listener?.stop()
    await loop.stop()
  }

  /// For tests: the reply to the next commit is lost, and the connection with it.
  package func loseNextReply() { database.losesNextReply.set() }

  /// Asks whether the database takes writes: one that follows another, or is set so, doesn't.
  public func check() async throws {
    let rows = try await database.read(
      PostgresStatement("SELECT current_setting('transaction_read_only') AS read_only"))
    if rows.first?.text("read_only") == "on" {
      throw StoreUnavailable(reason: "STORE_READ_ONLY", "PostgreSQL: the database takes no writes")
    }
  }

  // --- Reading ------------------------------------------------------------------------------------------------------

  public func job(_ id: String) async throws -> JobRecord? {
    // PostgreSQL's text holds no NUL, and no job's ID does.
    if id.utf8.contains(0) { return nil }
    return try await database.read(tables.jobs("j.id = $1", [id])).first.map { try PostgresTables.job($0) }
  }

  public func job(owner: String, idempotencyKey: String) async throws -> JobRecord? {
    try await database.read(tables.keyed([(owner, idempotencyKey)])).first.map { try PostgresTables.job($0) }
  }

  public func events(of id: String, after cursor: JobCursor) async throws -> [JobEvent] {
    if id.utf8.contains(0) { return [] }
    let statement = PostgresStatement(
      """
      SELECT epoch, sequence, status FROM \(tables.schema).events
      WHERE job_id = $1 AND (epoch, sequence) > ($2::bigint, $3::bigint) ORDER BY epoch, sequence
      """, [id, String(cursor.epoch), String(cursor.sequence)])
    let kept = try await database.read(statement).compactMap { row in
      try JobEvent.kept(
        jobID: id, epoch: Int(try row.required("epoch")), sequence: Int(try row.required("sequence")),
        status: row.text("status") ?? "")
    }
    // All but the first is kept; who has seen that needn't have it looked up.
    if cursor.sequence > 0 { return kept }
    return try await job(id)?.events(kept: kept, after: cursor) ?? kept
  }

  public func log(of id: String, after cursor: JobCursor?, most: Int) async throws -> [JobLogLine] {
    if id.utf8.contains(0) { return [] }
    let statement = PostgresStatement(
      """
      SELECT * FROM \(tables.schema).events WHERE job_id = $1 AND sequence > $2::bigint ORDER BY sequence LIMIT $3::bigint
      """, [id, String(cursor?.sequence ?? 0), String(most)])
    let kept = try await database.read(statement).map { row in
      try JobLogLine(
        jobID: id, sequence: Int(row.required("sequence")), epoch: Int(row.required("epoch")),
        atMilliseconds: row.required("at"), actor: row.text("actor") ?? "", action: row.text("action") ?? "",
        status: row.text("status") ?? "")
    }
    if let cursor, cursor.sequence > 0 { return kept }
    return try await job(id)?.log(kept: kept, after: cursor, most: most) ?? kept
  }

  public func changed(since known: [String: Int]) async throws -> JobChanges {
    if known.isEmpty { return JobChanges(moved: [], missing: []) }
    let pairs = Array(known)
    let statement = PostgresStatement(
      """
      SELECT k.id AS known_id, j.*, encode(p.idempotency_key, 'hex') AS idempotency_key, p.spec, p.input, p.output
      FROM unnest($1::text[], $2::bigint[]) AS k (id, sequence)
      LEFT JOIN \(tables.schema).jobs j ON j.id = k.id LEFT JOIN \(tables.schema).payloads p ON p.job_id = j.id
      WHERE j.id IS NULL OR j.sequence > k.sequence
      """, [PostgresText.array(pairs.map(\.key)), PostgresText.array(pairs.map(\.value))])
    var changes = JobChanges(moved: [], missing: [])
    for row in try await database.read(statement) {
      if row.text("id") == nil {
        changes.missing.append(row.text("known_id") ?? "")
      } else {
        changes.moved.append(try PostgresTables.job(row))
      }
    }
    changes.missing.sort()
    return changes
  }
}

extension PostgresTables {
  static func job(_ row: PostgresRow) throws -> JobRecord { try JobColumns.job(row) }

  /// What ``clock`` has returned.
  static func moment(_ result: PostgresResult?) throws -> Timestamp {
    Timestamp(milliseconds: try result?.rows.first?.required("now") ?? 0)
  }
}

extension PostgresRow: StoredRow {
  func text(_ column: String) -> String? {
    guard let text = value(column) else { return nil }
    return column == "idempotency_key" ? PostgresText.text(hexadecimal: text) : text
  }

  func integer(_ column: String) -> Int64? { value(column).flatMap { Int64($0) } }

  func required(_ column: String) throws -> Int64 {
    guard let value = integer(column) else { throw UnreadableRow(id: text("job_id"), column: column) }
    return value
  }
}
