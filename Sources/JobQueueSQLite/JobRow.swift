import GRDB
import JobQueue
import TallySchema

/// A job as a row of the table `jobs`.
enum JobRow {
  static let update = "UPDATE jobs SET \(JobColumns.life.map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?"

  /// A new job: nothing is bound but what such jobs differ in.
  static let insertNew: String = {
    let given = JobColumns.asked + JobColumns.brought + ["several_inputs"]
    let columns = given + JobColumns.untouched.map { $0.column }
    let values = given.map { _ in "?" } + JobColumns.untouched.map { $0.value.literal }
    return "INSERT INTO jobs (\(columns.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))"
  }()

  /// For ``insertNew``.
  static func newValues(_ job: JobRecord) -> [StoredValue] {
    JobColumns.asked(job) + JobColumns.brought(job) + [.integer(job.spec.inputs.count > 1 ? 1 : 0)]
  }

  static func updateArguments(_ job: JobRecord) -> StatementArguments {
    StoredValue.arguments(JobColumns.life(job) + [.text(job.id)])
  }

  private static let columns = JobColumns.asked + JobColumns.life
  /// By its place: GRDB looks a name up among the statement's, whatever their case, each time.
  private static let places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })

  /// What ``job(_:)`` reads.
  static let select = "SELECT \(columns.joined(separator: ", ")) FROM jobs"

  static func job(_ row: Row) throws -> JobRecord { try JobColumns.job(Reader(row: row)) }

  /// Of a row's specification, as it is kept.
  static func specBytes(_ row: Row) -> Int {
    places["spec"].flatMap { (row[$0] as String?)?.utf8.count } ?? 0
  }

  private struct Reader: StoredRow {
    let row: Row
    func text(_ column: String) -> String? { places[column].flatMap { row[$0] } }
    func integer(_ column: String) -> Int64? { places[column].flatMap { row[$0] } }
  }
}

extension StoredValue {
  /// As a sequence of optional values: of other sequences, GRDB takes the elements by key paths, which are slow.
  static func arguments(_ values: [StoredValue]) -> StatementArguments {
    StatementArguments(values.map { $0.converted })
  }

  fileprivate var converted: (any DatabaseValueConvertible)? {
    switch self {
    case .null: nil
    case .integer(let value): value
    case .text(let text): text
    }
  }
}

/// A change of a job as a row of the table `events`.
enum JobEventRow {
  static let insert =
    "INSERT INTO events (job_id, sequence, epoch, status, at, actor, action) VALUES (?, ?, ?, ?, ?, ?, ?)"

  static func arguments(_ transition: JobTransition, at moment: Timestamp) -> StatementArguments {
    let job = transition.job
    return [
      job.id, job.sequence, job.epoch, job.keptStatus.json.text, moment.milliseconds, transition.actor,
      transition.action.rawValue,
    ]
  }
}

/// A job that is to be inserted, with its row.
struct NewJob: Sendable {
  let job: JobRecord
  let row: [StoredValue]

  init(_ job: JobRecord) {
    self.job = job
    row = JobRow.newValues(job)
  }
}
