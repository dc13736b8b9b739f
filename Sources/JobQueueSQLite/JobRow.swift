import GRDB
import JobQueue

/// A job as a row of the table `jobs`.
enum JobRow {
  private static let columns = JobColumns.asked + JobColumns.life

  static let insert =
    "INSERT INTO jobs (\(columns.joined(separator: ", "))) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
  static let update = "UPDATE jobs SET \(JobColumns.life.map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?"

  static func insertArguments(_ job: JobRecord) -> StatementArguments {
    StatementArguments((JobColumns.asked(job) + JobColumns.life(job)).map(\.databaseValue))
  }

  static func updateArguments(_ job: JobRecord) -> StatementArguments {
    StatementArguments((JobColumns.life(job) + [.text(job.id)]).map(\.databaseValue))
  }

  static func job(_ row: Row) throws -> JobRecord { try JobColumns.job(Reader(row: row)) }

  private struct Reader: StoredRow {
    let row: Row
    func text(_ column: String) -> String? { row[column] }
    func integer(_ column: String) -> Int64? { row[column] }
  }
}

extension StoredValue {
  fileprivate var databaseValue: DatabaseValue {
    switch self {
    case .null: .null
    case .integer(let value): value.databaseValue
    case .text(let text): text.databaseValue
    }
  }
}
