import JobQueue
import TallySchema
import Uploads

/// The statements on the tables of uploads.
extension PostgresTables {
  /// Taken by everyone who makes an upload, so that their number and the lists of final uploads are exact.
  var lockUploads: PostgresStatement {
    PostgresStatement("SELECT pg_advisory_xact_lock(hashtextextended($1, 9))", [schema])
  }

  func uploads(_ condition: String, _ parameters: [String?] = []) -> PostgresStatement {
    PostgresStatement("\(UploadColumns.select(schema: "\(schema).")) WHERE \(condition)", parameters)
  }

  /// Reads and locks an upload's row.
  func lockUpload(_ id: String) -> PostgresStatement { uploads("u.id = $1 FOR UPDATE OF u", [id]) }

  /// Locks the final uploads that a part belongs to: what is read after it counts the other parts as they are then.
  func lockFinals(ofPart id: String) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT id FROM \(schema).uploads
      WHERE id IN (SELECT final_id FROM \(schema).upload_parts WHERE part_id = $1) ORDER BY id FOR UPDATE
      """, [id])
  }

  func insert(_ upload: UploadRecord) -> [PostgresStatement] {
    let columns = UploadColumns.asked + UploadColumns.life
    let places = columns.indices.map { "$\($0 + 1)" }
    return [
      PostgresStatement(
        "INSERT INTO \(schema).uploads (\(columns.joined(separator: ", "))) VALUES (\(places.joined(separator: ", ")))",
        (UploadColumns.asked(upload) + UploadColumns.life(upload)).map(\.parameter)),
      PostgresStatement(
        """
        INSERT INTO \(schema).upload_parts (final_id, position, part_id)
        SELECT $1, place - 1, part FROM unnest($2::text[]) WITH ORDINALITY AS list (part, place)
        """, [upload.id, PostgresText.array(upload.parts ?? [])]),
    ]
  }

  func update(_ upload: UploadRecord) -> PostgresStatement {
    let columns = UploadColumns.life.enumerated().map { "\($1) = $\($0 + 1)" }
    return PostgresStatement(
      "UPDATE \(schema).uploads SET \(columns.joined(separator: ", ")) WHERE id = $\(columns.count + 1)",
      UploadColumns.life(upload).map(\.parameter) + [upload.id])
  }

  func put(_ segment: UploadSegment) -> PostgresStatement {
    PostgresStatement(
      """
      INSERT INTO \(schema).upload_segments (upload_id, start, bytes, file, sha256)
      VALUES ($1, $2::bigint, $3::bigint, $4, $5)
      ON CONFLICT (upload_id, start) DO UPDATE SET bytes = excluded.bytes, file = excluded.file, sha256 = excluded.sha256
      """, [segment.upload, String(segment.start), String(segment.bytes), segment.file, segment.sha256])
  }

  /// Bytes have come for a part: the final uploads that it belongs to live longer, and may be complete by it. After
  /// ``lockFinals(ofPart:)`` and the part's own update.
  func touchFinals(ofPart id: String, now: Timestamp) -> PostgresStatement {
    PostgresStatement(
      """
      UPDATE \(schema).uploads f SET touched_at = $1::bigint, completed_at = CASE WHEN NOT EXISTS (
        SELECT 1 FROM \(schema).upload_parts m JOIN \(schema).uploads p ON p.id = m.part_id
        WHERE m.final_id = f.id AND p.completed_at IS NULL) THEN $1::bigint END
      WHERE f.id IN (SELECT final_id FROM \(schema).upload_parts WHERE part_id = $2) AND f.completed_at IS NULL
      """, [String(now.milliseconds), id])
  }

  // MARK: Jobs that read uploads

  /// Reads uploads, and keeps them from being deleted and given up until the transaction's end.
  func shareUploads(_ ids: [String]) -> PostgresStatement {
    uploads("u.id = ANY($1::text[]) ORDER BY u.id FOR SHARE OF u", [PostgresText.array(ids)])
  }

  /// Jobs that wait for uploads which are complete by now, and since when.
  func uploaded(most: Int) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT p.job_id, max(u.completed_at) AS at FROM \(schema).upload_pins p
        JOIN \(schema).jobs j ON j.id = p.job_id LEFT JOIN \(schema).uploads u ON u.id = p.upload_id
      WHERE j.state = 'waiting' AND j.ready_at = \(Timestamp.whenUploaded.milliseconds)
      GROUP BY p.job_id HAVING count(*) = count(u.completed_at) LIMIT \(most)
      """)
  }

  /// The rows of the same jobs, locked; those that another worker is just waking are skipped.
  var waitingForUploads: PostgresStatement {
    jobs(
      "j.id IN (SELECT job_id FROM (\(uploaded(most: 100).sql)) AS ready) AND j.state = 'waiting' FOR UPDATE OF j SKIP LOCKED"
    )
  }

  /// What ``uploaded(most:)`` has returned, by the jobs' IDs.
  static func moments(_ rows: [PostgresRow]) throws -> [String: Timestamp] {
    try rows.reduce(into: [:]) { moments, row in
      if let id = row.text("job_id") { moments[id] = Timestamp(milliseconds: try row.required("at")) }
    }
  }

  /// Reads and locks the unfinished jobs that read uploads.
  func readers(ofUploads ids: [String]) -> PostgresStatement {
    jobs(
      """
      j.id IN (SELECT job_id FROM \(schema).upload_pins WHERE upload_id = ANY($1::text[]))
        AND j.state IN ('waiting', 'queued', 'running') ORDER BY j.id FOR UPDATE OF j
      """, [PostgresText.array(ids)])
  }

  /// Uploads that nothing has come for since a moment, and that may be given up: a part lives as long as a final upload that
  /// has it, and what a job reads as long as the job.
  func due(before moment: String) -> String {
    """
    u.touched_at <= \(moment) AND u.expired_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM \(schema).upload_parts m WHERE m.part_id = u.id)
      AND (u.completed_at IS NULL OR NOT EXISTS (
        SELECT 1 FROM \(schema).upload_pins p JOIN \(schema).jobs j ON j.id = p.job_id
        WHERE p.upload_id = u.id AND j.state IN ('waiting', 'queued', 'running')))
    """
  }

  func isPart(_ id: String) -> PostgresStatement {
    PostgresStatement("SELECT 1 AS is_part FROM \(schema).upload_parts WHERE part_id = $1 LIMIT 1", [id])
  }

  /// Parts without a name that only this final upload has.
  func ownParts(ofFinal id: String) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT p.id FROM \(schema).uploads p WHERE p.is_named = 0
        AND p.id IN (SELECT part_id FROM \(schema).upload_parts WHERE final_id = $1)
        AND NOT EXISTS (SELECT 1 FROM \(schema).upload_parts o WHERE o.part_id = p.id AND o.final_id <> $1)
      ORDER BY p.id FOR UPDATE
      """, [id])
  }

  func deleteUploads(_ ids: [String]) -> PostgresStatement {
    PostgresStatement("DELETE FROM \(schema).uploads WHERE id = ANY($1::text[])", [PostgresText.array(ids)])
  }

  /// Gives up the bytes of uploads, and what only they had.
  func expire(_ ids: [String], now: Timestamp) -> [PostgresStatement] {
    let list = PostgresText.array(ids)
    return [
      PostgresStatement(
        "UPDATE \(schema).uploads SET expired_at = $1::bigint, epoch = epoch + 1 WHERE id = ANY($2::text[])",
        [String(now.milliseconds), list]),
      PostgresStatement("DELETE FROM \(schema).upload_segments WHERE upload_id = ANY($1::text[])", [list]),
      PostgresStatement("DELETE FROM \(schema).upload_parts WHERE final_id = ANY($1::text[])", [list]),
      PostgresStatement(
        """
        DELETE FROM \(schema).uploads u WHERE u.is_named = 0
          AND NOT EXISTS (SELECT 1 FROM \(schema).upload_parts WHERE part_id = u.id)
        """),
    ]
  }
}
