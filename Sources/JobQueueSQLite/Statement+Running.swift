import GRDB
import GRDBSQLite
import JobQueue

/// The statements of a submission go straight to SQLite: a row's way through GRDB's arguments takes as long as its insert.
extension Statement {
  /// Binds the values, one for each parameter, and runs the statement to its end.
  ///
  /// - Throws: `DatabaseError`, as GRDB's own execution does.
  func run(_ values: [StoredValue], in database: Database) throws {
    try bound(values, database) { code in guard code == SQLITE_DONE else { throw failure(code, database) } }
  }

  /// The first row's columns as texts, nil where they are null; nil where there is no row.
  ///
  /// - Throws: `DatabaseError`.
  func firstTexts(_ values: [StoredValue], in database: Database) throws -> [String?]? {
    try bound(values, database) { code in
      if code == SQLITE_DONE { return nil }
      guard code == SQLITE_ROW else { throw failure(code, database) }
      return (0..<CInt(columnCount)).map { column in
        sqlite3_column_text(sqliteStatement, column).map { String(cString: $0) }
      }
    }
  }

  private func bound<Result>(
    _ values: [StoredValue], _ database: Database, _ body: (CInt) throws -> Result
  ) throws -> Result {
    // A statement that isn't reset keeps its locks, and its bindings their memory.
    defer {
      sqlite3_reset(sqliteStatement)
      sqlite3_clear_bindings(sqliteStatement)
    }
    for (index, value) in values.enumerated() {
      let code = bind(value, at: CInt(index + 1))
      guard code == SQLITE_OK else { throw failure(code, database) }
    }
    return try body(sqlite3_step(sqliteStatement))
  }

  private func bind(_ value: StoredValue, at index: CInt) -> CInt {
    switch value {
    case .null: return sqlite3_bind_null(sqliteStatement, index)
    case .integer(let number): return sqlite3_bind_int64(sqliteStatement, index, number)
    case .text(var text):
      // SQLITE_TRANSIENT, which is no constant for Swift: SQLite copies the text.
      let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
      return text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { text in
          sqlite3_bind_text(sqliteStatement, index, text.baseAddress, CInt(text.count), transient)
        }
      }
    }
  }

  private func failure(_ code: CInt, _ database: Database) -> DatabaseError {
    DatabaseError(
      resultCode: ResultCode(rawValue: sqlite3_extended_errcode(database.sqliteConnection)),
      message: String(cString: sqlite3_errmsg(database.sqliteConnection)), sql: sql)
  }
}
