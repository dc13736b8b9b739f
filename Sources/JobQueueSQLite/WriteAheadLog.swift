import GRDB
import GRDBSQLite
import JobQueue

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The write-ahead log of an open database, to be synced. It stays the same file for as long as the database is open
/// (sqlite.org/walformat.html, "Files on disk"), and SQLite has no lock on it that closing it here would end.
final class WriteAheadLog: Sendable {
  private let descriptor: Int32

  /// - Throws: `StoreUnavailable`, where the log isn't there: a database that has been written to has one.
  init(of database: Database) throws {
    // As SQLite has the name: it follows symbolic links first.
    let path = sqlite3_db_filename(database.sqliteConnection, "main").map { String(cString: $0) } ?? ""
    descriptor = open(path + "-wal", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw StoreUnavailable(reason: "STORE_FAILED", "\(path)-wal: \(String(cString: strerror(errno)))")
    }
  }

  // Runs after a throw as well: the descriptor is set by then.
  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Returns when everything that was committed before is on disk.
  ///
  /// - Throws: `StoreUnavailable`: what the disk has isn't known then, and a second try wouldn't tell, for the kernel may
  ///   have let go of what it couldn't write (Rebello and others, "Can Applications Recover from fsync Failures?", 2020).
  func synchronize() throws(StoreUnavailable) {
    #if canImport(Darwin)
      let result = fcntl(descriptor, F_FULLFSYNC)
    #else
      let result = fdatasync(descriptor)
    #endif
    guard result == 0 else {
      throw StoreUnavailable(
        reason: "STORE_FAILED",
        "The store's log couldn't be synced (\(String(cString: strerror(errno)))), and what the disk has of it isn't "
          + "known: nothing is written any more. Look at the state folder's disk, then start the server again")
    }
  }
}
