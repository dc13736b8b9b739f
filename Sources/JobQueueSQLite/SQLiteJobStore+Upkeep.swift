import GRDB
import JobQueue

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension SQLiteJobStore {
  /// Goes through the whole file, on a connection of its own beside the others: its pages, its records' order, what its
  /// constraints say.
  ///
  /// - Throws: ``StoreDamaged``.
  public func checkIntegrity() async throws {
    let found = try await read { try String.fetchAll($0.database, sql: "PRAGMA quick_check(10)") }
    if found != ["ok"] { throw StoreDamaged(path: pool.path, findings: found) }
  }

  /// Looks through a store's file without changing it, also while another process owns it.
  ///
  /// - Returns: how many jobs it has.
  /// - Throws: ``StoreDamaged``; what SQLite says.
  public static func inspect(_ path: String) throws -> Int {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    return try DatabaseQueue(path: path, configuration: configuration).read { database in
      let findings = try String.fetchAll(database, sql: "PRAGMA quick_check(10)")
      guard findings == ["ok"] else { throw StoreDamaged(path: path, findings: findings) }
      return try Int.fetchOne(database, sql: "SELECT count(*) FROM jobs") ?? 0
    }
  }

  /// Copies a store into a file that doesn't exist, while another process may be writing to it: the copy is the store at
  /// one moment, checked and on disk when this returns.
  ///
  /// - Throws: ``StoreDamaged``; ``BackupRefused``; what SQLite says.
  public static func backUp(_ path: String, to target: String) throws {
    guard access(path, R_OK) == 0 else {
      throw BackupRefused(description: "\(path): \(String(cString: strerror(errno)))")
    }
    guard access(target, F_OK) != 0 else {
      throw BackupRefused(description: "\(target) is there already; a backup doesn't overwrite")
    }
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(10)
    let partial = target + ".partial"
    unlink(partial)
    try DatabaseQueue(path: path, configuration: configuration).writeWithoutTransaction {
      try $0.execute(sql: "VACUUM INTO ?", arguments: [partial])
    }
    let findings = try DatabaseQueue(path: partial, configuration: configuration).read {
      try String.fetchAll($0, sql: "PRAGMA integrity_check(10)")
    }
    guard findings == ["ok"] else { throw StoreDamaged(path: partial, findings: findings) }
    try synchronize(partial)
    guard rename(partial, target) == 0 else {
      throw BackupRefused(description: "\(target): \(String(cString: strerror(errno)))")
    }
    try synchronize(target.lastIndex(of: "/").map { String(target[...$0]) } ?? ".")
  }
}

private func synchronize(_ path: String) throws {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  defer { if descriptor >= 0 { close(descriptor) } }
  guard descriptor >= 0, fsync(descriptor) == 0 else {
    throw BackupRefused(description: "\(path): \(String(cString: strerror(errno)))")
  }
}

/// The store's file is damaged.
public struct StoreDamaged: Error, CustomStringConvertible {
  public var path: String
  public var findings: [String]
  public var description: String {
    "\(path) is damaged: \(findings.prefix(3).joined(separator: "; ")). Stop the server, keep the file, and restore a "
      + "backup (docs/operations.md)"
  }
}

/// A backup that isn't made, and why.
public struct BackupRefused: Error, CustomStringConvertible {
  public var description: String
}
