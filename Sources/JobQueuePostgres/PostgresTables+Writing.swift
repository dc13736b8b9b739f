import JobQueue
import Storage
import TallySchema

extension PostgresTables {
  /// New jobs.
  func insert(_ jobs: [JobRecord]) -> [PostgresStatement] {
    if jobs.isEmpty { return [] }
    let columns = ["id", "owner", "memory_bytes", "created_at", "needs"]
    let asked = jobs.map { Dictionary(uniqueKeysWithValues: zip(JobColumns.asked, JobColumns.asked($0))) }
    let rows = zip(jobs, asked).map { job, asked in columns.map { asked[$0] ?? .null } + JobColumns.brought(job) }
    let payloads = zip(jobs, asked).map { job, asked in
      [
        .text(job.id), .text(job.owner), job.idempotencyKey.map { .text(PostgresText.bytes($0)) } ?? .null,
        asked["spec"] ?? .null, asked["input"] ?? .null, asked["output"] ?? .null,
      ]
    }
    return [
      insert("jobs", columns + JobColumns.brought, rows, with: JobColumns.untouched.filter { $0.value != .null }),
      insert("payloads", ["job_id", "owner", "idempotency_key", "spec", "input", "output"], payloads),
    ] + take(jobs)
  }

  /// Takes the names that jobs write and read, until they are given up by ``update(_:from:at:by:)``.
  func take(_ jobs: [JobRecord]) -> [PostgresStatement] {
    func rows(_ names: KeyPath<JobSpec, [String]>) -> [[StoredValue]] {
      jobs.flatMap { job in
        // By bytes, each once.
        var seen: Set<[UInt8]> = []
        return job.spec[keyPath: names].filter { seen.insert(Array($0.utf8)).inserted }
          .map { [StoredValue.text($0), .text(job.id)] }
      }
    }
    let patterns = jobs.flatMap { job in
      job.spec.inputs.filter(FileName.isPattern).map { [StoredValue.text(job.owner), .text($0), .text(job.id)] }
    }
    let pins = jobs.flatMap { job in job.spec.uploads.map { [StoredValue.text($0), .text(job.id)] } }
    return [
      insert("reservations", ["name", "job_id"], rows(\.outputs)),
      insert("readings", ["name", "job_id"], rows(\.inputs)),
    ] + (patterns.isEmpty ? [] : [insert("patterns", ["owner", "pattern", "job_id"], patterns, orElse: "DO NOTHING")])
      + (pins.isEmpty ? [] : [insert("upload_pins", ["upload_id", "job_id"], pins, orElse: "DO NOTHING")])
  }

  /// A job's new values; what is told of the change goes to its events as well.
  func update(_ job: JobRecord, from old: JobRecord, at moment: Timestamp, by actor: String? = nil)
    -> [PostgresStatement]
  {
    guard job != old else { return [] }
    let columns = JobColumns.life.enumerated().map { "\($1) = $\($0 + 1)" }
    let values = JobColumns.life(job).map(\.parameter)
    var statements = [
      PostgresStatement(
        "UPDATE \(schema).jobs SET \(columns.joined(separator: ", ")) WHERE id = $\(values.count + 1)",
        values + [job.id])
    ]
    if old.reservesOutput && !job.reservesOutput {
      for table in ["reservations", "run_inputs", "patterns"] {
        statements.append(PostgresStatement("DELETE FROM \(schema).\(table) WHERE job_id = $1", [job.id]))
      }
    }
    if !old.state.isFinal && job.state.isFinal {
      if job.spec.readsUploads || job.unreadable != nil {
        statements.append(PostgresStatement("DELETE FROM \(schema).upload_pins WHERE job_id = $1", [job.id]))
      }
      statements.append(PostgresStatement("DELETE FROM \(schema).readings WHERE job_id = $1", [job.id]))
    }
    if let transition = JobTransition(from: old, to: job, by: actor) {
      statements.append(tell(transition, at: moment))
    }
    return statements
  }

  /// - Returns: nothing for a job without an output.
  func setNewest(_ result: CommittedResult, of job: JobRecord) -> [PostgresStatement] {
    guard let output = job.spec.output else { return [] }
    let statement = PostgresStatement(
      """
      INSERT INTO \(schema).outputs (name, generation, job_id) VALUES ($1, $2::bigint, $3)
      ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, job_id = excluded.job_id
      """, [output, String(result.generation), job.id])
    return [statement]
  }

  /// Notes the files that a job's run reads, in the place of those of its runs before.
  func setInputs(_ inputs: [InputReading], of id: String) -> [PostgresStatement] {
    let rows = inputs.map { [.text($0.name), .text(id), $0.identity.map(StoredValue.text) ?? .null] }
    let clear = PostgresStatement("DELETE FROM \(schema).run_inputs WHERE job_id = $1", [id])
    return [clear, insert("run_inputs", ["name", "job_id", "identity"], rows)]
  }

  /// Wakes who listens. For submissions and cancellations only: a notification puts commits in a row, in the whole
  /// database.
  var notify: PostgresStatement { PostgresStatement("SELECT pg_notify($1, '')", [channel]) }
  var channel: String { "tally_\(schema)" }

  private func tell(_ transition: JobTransition, at moment: Timestamp) -> PostgresStatement {
    let job = transition.job
    return PostgresStatement(
      """
      INSERT INTO \(schema).events (job_id, sequence, epoch, status, at, actor, action)
      VALUES ($1, $2::bigint, $3::bigint, $4, $5::bigint, $6, $7)
      """,
      [
        job.id, String(job.sequence), String(job.epoch), job.keptStatus.json.text, String(moment.milliseconds),
        transition.actor, transition.action.rawValue,
      ])
  }

  /// Any number of rows in one statement: each column's values are an array.
  ///
  /// - Parameters:
  ///   - constants: columns that have one value in all rows.
  ///   - orElse: what is done with a row that is there already; nil: that is an error.
  private func insert(
    _ table: String, _ columns: [String], _ rows: [[StoredValue]],
    with constants: [(column: String, value: StoredValue)] = [], orElse: String? = nil
  ) -> PostgresStatement {
    let arrays = columns.indices.map { column in
      "{" + rows.map { $0[column].arrayItem }.joined(separator: ",") + "}"
    }
    let places = columns.enumerated().map { "$\($0 + 1)::\(PostgresTables.type(of: $1))[]" }
    let values = ["u.*"] + constants.map { $0.value.literal }
    return PostgresStatement(
      """
      INSERT INTO \(schema).\(table) (\((columns + constants.map { $0.column }).joined(separator: ", ")))
      SELECT \(values.joined(separator: ", ")) FROM unnest(\(places.joined(separator: ", "))) AS u
      \(orElse.map { "ON CONFLICT \($0)" } ?? "")
      """, arrays)
  }

  private static func type(of column: String) -> String {
    if column == "idempotency_key" { return "bytea" }
    return integers.contains(column) ? "bigint" : "text"
  }

  private static let integers: Set = [
    "memory_bytes", "created_at", "claim_key", "ready_at",
  ]
}

extension StoredValue {
  var parameter: String? {
    switch self {
    case .null: nil
    case .integer(let value): String(value)
    case .text(let text): text
    }
  }

  /// As an element of an array's text.
  fileprivate var arrayItem: String {
    switch self {
    case .null: "NULL"
    case .integer(let value): String(value)
    case .text(let text): PostgresText.quoted(text)
    }
  }
}
