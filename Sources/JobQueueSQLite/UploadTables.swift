import GRDB
import JobQueue
import TallySchema
import Uploads

/// The statements on the tables of uploads.
extension JobTables {
  func upload(_ id: String) throws -> UploadRecord? { try uploads("u.id = ?", [.text(id)]).first }

  func uploads(_ condition: String, _ values: [StoredValue]) throws -> [UploadRecord] {
    let statement = try database.cachedStatement(sql: "\(UploadTables.select) WHERE \(condition)")
    return try Row.fetchAll(statement, arguments: StoredValue.arguments(values)).map {
      try UploadColumns.upload(NamedRow(row: $0))
    }
  }

  func insert(_ upload: UploadRecord) throws {
    try run(
      UploadTables.insert, StoredValue.arguments(UploadColumns.asked(upload) + UploadColumns.life(upload)))
    for (position, part) in (upload.parts ?? []).enumerated() {
      try run("INSERT INTO upload_parts (final_id, position, part_id) VALUES (?, ?, ?)", [upload.id, position, part])
    }
    changed.insert(upload.id)
  }

  func update(_ upload: UploadRecord) throws {
    try run(UploadTables.update, StoredValue.arguments(UploadColumns.life(upload) + [.text(upload.id)]))
    changed.insert(upload.id)
  }

  func put(_ segment: UploadSegment) throws {
    try run(
      """
      INSERT INTO upload_segments (upload_id, start, bytes, file, sha256) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (upload_id, start) DO UPDATE SET bytes = excluded.bytes, file = excluded.file, sha256 = excluded.sha256
      """, [segment.upload, segment.start, segment.bytes, segment.file, segment.sha256])
  }

  /// Bytes have come for a part: the final uploads that it belongs to live longer, and may be complete by it.
  func touchFinals(ofPart id: String, now: Timestamp) throws {
    let touched = try String.fetchAll(
      database.cachedStatement(
        sql: """
          UPDATE uploads SET touched_at = ?1, completed_at = CASE WHEN NOT EXISTS (
            SELECT 1 FROM upload_parts m JOIN uploads p ON p.id = m.part_id
            WHERE m.final_id = uploads.id AND p.completed_at IS NULL) THEN ?1 END
          WHERE id IN (SELECT final_id FROM upload_parts WHERE part_id = ?2) AND completed_at IS NULL RETURNING id
          """), arguments: [now.milliseconds, id])
    changed.formUnion(touched)
  }

  /// Deletes final uploads' lists, and parts that only those had and that have no name any more.
  ///
  /// - Returns: the IDs of those parts.
  func releaseParts(ofFinal id: String) throws -> [String] {
    let parts = try String.fetchAll(
      database.cachedStatement(sql: "DELETE FROM upload_parts WHERE final_id = ? RETURNING part_id"), arguments: [id])
    return try String.fetchAll(
      database.cachedStatement(
        sql: """
          DELETE FROM uploads WHERE id IN (SELECT value FROM json_each(?)) AND is_named = 0
            AND NOT EXISTS (SELECT 1 FROM upload_parts WHERE part_id = id) RETURNING id
          """), arguments: [parts.json.text])
  }

  // MARK: Jobs that read uploads

  func pin(_ job: JobRecord) throws {
    for id in job.spec.uploads {
      try run("INSERT INTO upload_pins (upload_id, job_id) VALUES (?, ?)", [id, job.id])
    }
  }

  func unpin(_ job: JobRecord) throws {
    guard job.spec.readsUploads || job.unreadable != nil else { return }
    try run("DELETE FROM upload_pins WHERE job_id = ?", [job.id])
  }

  /// When the last of the uploads was complete that a job reads; nil: one isn't.
  ///
  /// - Throws: `JobStoreError.uploadNotFound`.
  func uploadCompletion(of job: JobRecord) throws -> Timestamp? {
    let ids = job.spec.uploads
    let found = try uploads("u.id IN (SELECT value FROM json_each(?))", [.text(ids.json.text)])
    return try UploadLifecycle.completion(of: ids, owner: job.owner, found: found)
  }

  /// Queues a job whose uploads are complete, in the transaction that has brought it.
  func wakeIfUploaded(_ job: JobRecord, _ lifecycle: JobLifecycle, now: Timestamp) throws -> JobRecord {
    guard job.spec.readsUploads, let moment = try uploadCompletion(of: job),
      let awake = lifecycle.wake(job, uploadedAt: moment, now: now)
    else { return job }
    try update(awake, from: job, at: now)
    return awake
  }

  /// The unfinished jobs that read an upload.
  func readers(ofUpload id: String) throws -> [JobRecord] {
    try all("id IN (SELECT job_id FROM upload_pins WHERE upload_id = ?) AND \(UploadTables.isUnfinished)", [id])
  }

  /// In how many lists the one of these parts is that is in the most.
  func mostLists(ofParts ids: [String]) throws -> Int {
    try Int.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT max(lists) FROM (
            SELECT count(*) AS lists FROM upload_parts WHERE part_id IN (SELECT value FROM json_each(?)) GROUP BY part_id)
          """), arguments: [ids.json.text]) ?? 0
  }

  func isPart(_ id: String) throws -> Bool {
    try Bool.fetchOne(
      database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM upload_parts WHERE part_id = ?)"), arguments: [id])
      ?? false
  }
}

enum UploadTables {
  /// Of a row of jobs: that all uploads are complete which the job reads.
  static let isUploaded = """
    NOT EXISTS (
      SELECT 1 FROM upload_pins p LEFT JOIN uploads u ON u.id = p.upload_id
      WHERE p.job_id = jobs.id AND u.completed_at IS NULL)
    """
  static let isUnfinished = "state IN ('waiting', 'queued', 'running')"
  static let select = UploadColumns.select()

  static let insert: String = {
    let columns = UploadColumns.asked + UploadColumns.life
    return
      "INSERT INTO uploads (\(columns.joined(separator: ", "))) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"
  }()

  static let update =
    "UPDATE uploads SET \(UploadColumns.life.map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?"
}

/// A row whose columns are looked up by their names.
struct NamedRow: StoredRow {
  let row: Row
  func text(_ column: String) -> String? { row[column] }
  func integer(_ column: String) -> Int64? { row[column] }
}
