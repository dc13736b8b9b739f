import GRDB
import JobQueue

/// Runs the body; what SQLite says of its disk and its locks becomes ``StoreUnavailable``.
func explainingSQLite<Value>(_ body: () async throws -> Value) async throws -> Value {
  do {
    return try await body()
  } catch let error as DatabaseError {
    throw StoreUnavailable(sqlite: error) ?? error
  }
}

extension StoreUnavailable {
  /// Nil for what is no fault of the machine's.
  init?(sqlite error: DatabaseError) {
    let said = "SQLite: \(error.message ?? "error \(error.resultCode.rawValue)")"
    switch error.resultCode.primaryResultCode {
    case .SQLITE_FULL: self.init(reason: "STORE_FULL", "\(said). Make room on the disk of the state folder")
    case .SQLITE_READONLY: self.init(reason: "STORE_READ_ONLY", "\(said). The state folder must be writable")
    case .SQLITE_IOERR, .SQLITE_CANTOPEN: self.init(reason: "STORE_FAILED", "\(said). Look at the state folder's disk")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init("\(said). Another program holds the file's lock: the store belongs to one process")
    default: return nil
    }
  }
}
