import TallySchema

/// One value of a row, in the types that every store of rows has.
public enum StoredValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case text(String)

  init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }
  init(_ value: Int64?) { self = value.map { .integer($0) } ?? .null }
  init(_ value: String?) { self = value.map { .text($0) } ?? .null }
  init(_ value: Timestamp?) { self.init(value?.milliseconds) }
  init(_ value: Bool) { self = .integer(value ? 1 : 0) }

  /// As SQL has it.
  public var literal: String {
    switch self {
    case .null: "NULL"
    case .integer(let value): String(value)
    case .text(let text):
      // By bytes: a quote with a combining mark on it is a quote all the same.
      String(decoding: [0x27] + text.utf8.flatMap { $0 == 0x27 ? [0x27, 0x27] : [$0] } + [0x27], as: UTF8.self)
    }
  }
}

/// A row of a job, as a store has read it: by the names of ``JobColumns``.
public protocol StoredRow {
  /// Nil where it is null.
  func text(_ column: String) -> String?
  func integer(_ column: String) -> Int64?
}

/// A job as the columns of a table, the same in every store of rows.
public enum JobColumns {
  /// What never changes.
  public static let asked = [
    "id", "owner", "idempotency_key", "spec", "input", "output", "memory_bytes", "created_at", "needs",
  ]
  /// What its life changes.
  public static let life = [
    "state", "claim_key", "ready_at", "started_at", "finished_at", "epoch", "attempts", "rescues", "sequence",
    "cancel_requested", "worker", "lease_expires_at", "progress", "result_file", "result_bytes", "result_rows",
    "result_sha256", "result_generation", "publication", "error",
  ]

  /// The state that callers are shown, of a row of jobs: ``JobRecord/shownState`` in SQL.
  public static let shownState = "CASE WHEN publication = 'pending' THEN 'running' ELSE state END"

  /// What of its life a new job brings with it.
  public static let brought = ["state", "claim_key", "ready_at"]
  /// The rest of ``life``, which is the same for every new job.
  public static let untouched: [(column: String, value: StoredValue)] = {
    let job = JobLifecycle.admit(
      JobSubmission(owner: "", spec: JobSpec(input: "")), id: "", now: Timestamp(milliseconds: 0))
    return zip(life, life(job)).filter { !brought.contains($0.0) }.map { (column: $0.0, value: $0.1) }
  }()

  /// In the order of ``asked``.
  public static func asked(_ job: JobRecord) -> [StoredValue] {
    [
      .text(job.id), .text(job.owner), StoredValue(job.idempotencyKey), .text(job.spec.json.text),
      .text(job.spec.input), .text(job.spec.output ?? ""), StoredValue(job.spec.memoryBytes),
      StoredValue(job.createdAt),
      .text(needs(job.spec)),
    ]
  }

  /// The features that a worker must know to claim the job, as a JSON array of names.
  private static func needs(_ spec: JobSpec) -> String {
    let needs = spec.needs
    return needs.isEmpty ? "[]" : needs.map(\.rawValue).json.text
  }

  /// In the order of ``brought``.
  public static func brought(_ job: JobRecord) -> [StoredValue] {
    [.text(job.state.rawValue), StoredValue(job.claimKey), StoredValue(job.readyAt)]
  }

  /// In the order of ``life``.
  public static func life(_ job: JobRecord) -> [StoredValue] {
    [
      .text(job.state.rawValue), StoredValue(job.claimKey), StoredValue(job.readyAt), StoredValue(job.startedAt),
      StoredValue(job.finishedAt), StoredValue(job.epoch), StoredValue(job.attempts), StoredValue(job.rescues),
      StoredValue(job.sequence), StoredValue(job.cancelRequested), StoredValue(job.lease?.worker),
      StoredValue(job.lease?.expiresAt), .text(job.progress.json.text), StoredValue(job.result?.file),
      StoredValue(job.result?.bytes), StoredValue(job.result?.rows), StoredValue(job.result?.sha256),
      StoredValue(job.result?.generation), .text(job.publication.rawValue), StoredValue(job.error?.json.text),
    ]
  }

  /// - Throws: ``UnreadableRow``, which says what makes no sense: a store that another version has written.
  public static func job(_ row: some StoredRow) throws -> JobRecord {
    func text(_ column: String) throws -> String {
      guard let text = row.text(column) else { throw UnreadableRow(id: row.text("id"), column: column) }
      return text
    }
    func integer(_ column: String) throws -> Int64 {
      guard let value = row.integer(column) else { throw UnreadableRow(id: row.text("id"), column: column) }
      return value
    }
    func moment(_ column: String) -> Timestamp? { row.integer(column).map(Timestamp.init(milliseconds:)) }
    let state = try text("state")
    let asked = AskedSpec(row)
    var job = JobRecord(
      id: try text("id"), owner: try text("owner"), idempotencyKey: row.text("idempotency_key"),
      spec: asked.spec, state: JobState(rawValue: state) ?? .other(state),
      createdAt: Timestamp(milliseconds: try integer("created_at")),
      readyAt: Timestamp(milliseconds: try integer("ready_at")))
    job.startedAt = moment("started_at")
    job.finishedAt = moment("finished_at")
    job.epoch = Int(try integer("epoch"))
    job.attempts = Int(try integer("attempts"))
    job.rescues = Int(try integer("rescues"))
    job.sequence = Int(try integer("sequence"))
    job.cancelRequested = try integer("cancel_requested") == 1
    if let worker = row.text("worker"), let expiry = moment("lease_expires_at") {
      job.lease = JobLease(worker: worker, expiresAt: expiry)
    }
    job.unreadable = asked.unreadable
    job.progress = (try? JobProgress(json: JSONValue(parsing: text("progress")))) ?? JobProgress()
    if let file = row.text("result_file") {
      job.result = CommittedResult(
        file: file, bytes: Int(try integer("result_bytes")), rows: Int(try integer("result_rows")),
        sha256: try text("result_sha256"), generation: Int(try integer("result_generation")))
    }
    if let publication = Publication(rawValue: try text("publication")) {
      job.publication = publication
    } else {
      job.publication = .impossible
      job.unreadable = AskedSpec.message("its publication is '\(Excerpt.of(try text("publication")))'")
    }
    job.error = row.text("error").flatMap { try? JobFailure(json: JSONValue(parsing: $0)) }
    if job.unreadable != nil {
      job.askedPriority = Int((job.readyAt.milliseconds - (try integer("claim_key"))) / 60_000)
    }
    return job
  }
}

/// A row of the store that this version of the program can't read.
public struct UnreadableRow: Error, Hashable, CustomStringConvertible {
  public var id: String?
  public var column: String

  public init(id: String?, column: String) {
    self.id = id
    self.column = column
  }

  public var description: String {
    "the store's row of the job \(id ?? "?") makes no sense in '\(column)'; another version has written it"
  }
}
