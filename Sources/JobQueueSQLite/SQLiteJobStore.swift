import Foundation
import GRDB
public import JobQueue
public import TallySchema
import Uploads

/// The embedded store: one SQLite file in WAL mode that belongs to one process, whose commits
/// are synced in groups.
///
/// ```swift
/// let store = try SQLiteJobStore(path: "var/state/tally.sqlite", owner: "server 4711")
/// let job = try await store.submit(JobSubmission(owner: "local", spec: spec))
/// ```
public final class SQLiteJobStore: JobStore {
  public let uuid: String
  public let changes = ChangeSignal()

  let pool: DatabasePool
  let group: GroupCommit
  private let reads: GroupRead
  let lifecycle: JobLifecycle
  let uploads: UploadLifecycle
  let uploadWaits = UploadWaits()
  let limits: Limits
  let clock: @Sendable () -> Timestamp
  private let ownership: StoreOwnership

  /// Opens the store, and makes it where there is none. What a dead process was running may be claimed at once: no
  /// other process can be alive.
  ///
  /// - Parameters:
  ///   - owner: how this process is named to a second one.
  ///   - clock: the store's clock; tests have their own.
  ///   - busySeconds: how long a write waits for another program that has the file locked.
  /// - Throws: ``StoreInUse``; ``StoreTooNew``; what SQLite says.
  public init(
    path: String, owner: String, limits: Limits = .standard, clock: @escaping @Sendable () -> Timestamp = { .now },
    busySeconds: Double = 5
  ) throws {
    ownership = try StoreOwnership(path: path + ".lock", name: owner)
    // Jobs are nobody's business but the server's. A file that isn't there yet is made so by the process's mask.
    for file in [path, path + "-wal", path + "-shm"] { chmod(file, 0o600) }
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(busySeconds)
    configuration.maximumReaderCount = 4
    // A savepoint's journal is written to a file otherwise: twenty pages for each submission.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA temp_store = MEMORY") }
    pool = try DatabasePool(path: path, configuration: configuration)
    if try pool.read(SQLiteSchema.migrator.hasBeenSuperseded) { throw StoreTooNew(path: path) }
    // The tables and the store's identity are as durable as what refers to them.
    try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    try SQLiteSchema.migrator.migrate(pool)
    uuid = try pool.write { database in
      let fresh = UUID().uuidString.lowercased()
      try database.execute(
        sql: "INSERT INTO store (only_row, uuid) VALUES (1, ?) ON CONFLICT DO NOTHING", arguments: [fresh])
      try database.execute(sql: "UPDATE jobs SET lease_expires_at = 0 WHERE state = 'running'")
      return try String.fetchOne(database, sql: "SELECT uuid FROM store") ?? fresh
    }
    // From here on, the log is synced by the group's own thread. And a checkpoint comes every 16 MB of it, not every 4:
    // pages that were written again and again go over once.
    let log = try pool.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000")
      return try WriteAheadLog(of: database)
    }
    // A process that died may have left commits that aren't synced. They are synced now, before this process shows them
    // to callers.
    try log.synchronize()
    self.limits = limits
    self.clock = clock
    lifecycle = JobLifecycle(limits: limits)
    uploads = UploadLifecycle(limits: limits)
    group = GroupCommit(writer: pool) { () throws(StoreUnavailable) in
      try log.synchronize()
    } onCommit: { [changes] in
      changes.notify()
    }
    reads = GroupRead(pool: pool)
  }

  /// - Parameter jobs: returns the IDs of the jobs in the value, whose changes must be on disk before it is returned.
  /// - Throws: `StoreUnavailable`; what the body throws.
  func read<Value: Sendable>(
    telling jobs: (Value) -> [String] = { _ in [] }, _ body: @escaping @Sendable (JobTables) throws -> Value
  ) async throws -> Value {
    // Without a transaction, which costs more than most reads: one statement has a moment of its own, and who runs
    // several doesn't need the same one for all.
    let value = try await explainingSQLite { try await pool.unsafeRead { try body(JobTables($0)) } }
    try await group.settle(jobs(value))
    return value
  }

  /// A read of some rows that it names, which shares its turn with others.
  ///
  /// - Parameter jobs: as for ``read(telling:_:)``.
  /// - Throws: `StoreUnavailable`; what the body throws.
  func readShortly<Value: Sendable>(
    telling jobs: (Value) -> [String], _ body: @escaping @Sendable (JobTables) throws -> Value
  ) async throws -> Value {
    let value = try await explainingSQLite { try await reads.read(body) }
    try await group.settle(jobs(value))
    return value
  }

  /// A write that shares its transaction with others.
  func write<Value: Sendable>(
    _ durability: GroupCommit.Durability = .full, _ body: @escaping @Sendable (JobTables) throws -> Value
  ) async throws -> Value {
    try await explainingSQLite { try await group.write(durability, body) }
  }

  /// Closes the file, when what was asked before is done. Calls after it fail.
  public func close() async throws {
    await group.close()
    try pool.close()
  }

  /// Writes the store's own row again: a full disk and a read-only one let everything be read.
  public func check() async throws {
    try await write {
      // The value is changed and restored: SQLite skips a page that was never changed, and writes one that was.
      try $0.run("UPDATE store SET uuid = uuid || '-'")
      try $0.run("UPDATE store SET uuid = substr(uuid, 1, length(uuid) - 1)")
    }
  }

  public func job(_ id: String) async throws -> JobRecord? {
    try await readShortly(telling: { _ in [id] }) { try $0.job(id) }
  }

  public func job(owner: String, idempotencyKey: String) async throws -> JobRecord? {
    try await readShortly(telling: { $0.map { [$0.id] } ?? [] }) {
      try $0.first("owner = ? AND idempotency_key = ?", [owner, idempotencyKey])
    }
  }

  public func events(of id: String, after cursor: JobCursor) async throws -> [JobEvent] {
    try await read(telling: { _ in [id] }) { tables in
      let rows = try Row.fetchAll(
        tables.database.cachedStatement(
          sql: "SELECT * FROM events WHERE job_id = ? AND (epoch, sequence) > (?, ?) ORDER BY epoch, sequence"),
        arguments: [id, cursor.epoch, cursor.sequence])
      let kept = try rows.compactMap { row in
        try JobEvent.kept(jobID: id, epoch: row["epoch"], sequence: row["sequence"], status: row["status"])
      }
      // The store keeps all events but the first, which is looked up only if the caller hasn't seen it.
      if cursor.sequence > 0 { return kept }
      return try tables.job(id)?.events(kept: kept, after: cursor) ?? kept
    }
  }

  public func changed(since known: [String: Int]) async throws -> JobChanges {
    if known.isEmpty { return JobChanges(moved: [], missing: []) }
    // One statement for any number of jobs: prepared ones are kept for ever.
    let ids = Array(known.keys).json.text
    let found = try await read(telling: { _ in Array(known.keys) }) {
      try $0.all("id IN (SELECT value FROM json_each(?))", [ids])
    }
    return JobChanges(
      moved: found.filter { $0.sequence > known[$0.id] ?? 0 },
      missing: Set(known.keys).subtracting(found.map(\.id)).sorted())
  }
}
