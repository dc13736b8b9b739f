public import JobQueue
import TallySchema

/// An upload as the columns of a table, the same in every store of rows.
public enum UploadColumns {
  /// What never changes.
  public static let asked = ["id", "owner", "kind", "metadata", "parts", "created_at"]
  /// What its life changes.
  public static let life = [
    "length", "received", "epoch", "segment_count", "is_named", "touched_at", "completed_at", "expired_at",
  ]

  /// In the order of ``asked``.
  public static func asked(_ upload: UploadRecord) -> [StoredValue] {
    [
      .text(upload.id), .text(upload.owner), .text(upload.kind.rawValue), .text(upload.metadata),
      upload.parts.map { .text($0.json.text) } ?? .null, .integer(upload.createdAt.milliseconds),
    ]
  }

  /// In the order of ``life``.
  public static func life(_ upload: UploadRecord) -> [StoredValue] {
    // A final upload's bytes are those of its parts, and counted when it is read.
    let isFinal = upload.kind == .final
    func moment(_ value: Timestamp?) -> StoredValue { value.map { .integer($0.milliseconds) } ?? .null }
    return [
      isFinal ? .null : upload.length.map { .integer(Int64($0)) } ?? .null,
      .integer(isFinal ? 0 : Int64(upload.received)), .integer(Int64(upload.epoch)),
      .integer(Int64(upload.segmentCount)), .integer(upload.isNamed ? 1 : 0), moment(upload.touchedAt),
      moment(upload.completedAt), moment(upload.expiredAt),
    ]
  }

  /// What ``upload(_:)`` reads of a table that is called `u`.
  ///
  /// - Parameter schema: with a point, where tables have one.
  public static func select(schema: String = "") -> String {
    let parts = "\(schema)upload_parts m JOIN \(schema)uploads p ON p.id = m.part_id WHERE m.final_id = u.id"
    func ofParts(_ sum: String, _ column: String) -> String {
      "CASE u.kind WHEN 'final' THEN (SELECT \(sum) FROM \(parts)) ELSE u.\(column) END AS \(column)"
    }
    let columns = (asked + life).map { column in
      switch column {
      case "length": ofParts("CASE WHEN count(*) = count(p.length) THEN CAST(sum(p.length) AS bigint) END", column)
      case "received": ofParts("CAST(coalesce(sum(p.received), 0) AS bigint)", column)
      default: "u.\(column)"
      }
    }
    return "SELECT \(columns.joined(separator: ", ")) FROM \(schema)uploads u"
  }

  /// - Throws: `UnreadableRow`.
  public static func upload(_ row: some StoredRow) throws -> UploadRecord {
    func required<Value>(_ value: Value?, _ column: String) throws -> Value {
      guard let value else { throw UnreadableRow(id: row.text("id"), column: column) }
      return value
    }
    func integer(_ column: String) throws -> Int { Int(try required(row.integer(column), column)) }
    func moment(_ column: String) -> Timestamp? { row.integer(column).map(Timestamp.init(milliseconds:)) }
    var upload = UploadRecord(
      id: try required(row.text("id"), "id"), owner: try required(row.text("owner"), "owner"),
      kind: try required(row.text("kind").flatMap(UploadRecord.Kind.init), "kind"),
      metadata: try required(row.text("metadata"), "metadata"),
      parts: try row.text("parts").map { try [String](json: JSONValue(parsing: $0)) },
      length: row.integer("length").map { Int($0) }, createdAt: try required(moment("created_at"), "created_at"))
    upload.received = try integer("received")
    upload.epoch = try integer("epoch")
    upload.segmentCount = try integer("segment_count")
    upload.isNamed = try integer("is_named") == 1
    upload.touchedAt = try required(moment("touched_at"), "touched_at")
    upload.completedAt = moment("completed_at")
    upload.expiredAt = moment("expired_at")
    return upload
  }

  /// The rows that ``rope(_:)`` reads.
  ///
  /// - Parameters:
  ///   - id: a placeholder of the upload's ID, in both places of it.
  ///   - schema: with a point, where tables have one.
  public static func selectRope(_ id: String, schema: String = "") -> String {
    let isComplete = "CASE WHEN p.completed_at IS NULL THEN 0 ELSE 1 END AS is_complete"
    return """
      SELECT 0 AS position, \(isComplete), s.* FROM \(schema)uploads p
        LEFT JOIN \(schema)upload_segments s ON s.upload_id = p.id WHERE p.id = \(id) AND p.kind <> 'final'
      UNION ALL SELECT m.position, \(isComplete), s.* FROM \(schema)upload_parts m
        JOIN \(schema)uploads p ON p.id = m.part_id LEFT JOIN \(schema)upload_segments s ON s.upload_id = p.id
        WHERE m.final_id = \(id)
      ORDER BY position, start LIMIT \(UploadSegment.most + 1)
      """
  }

  /// The segments from the upload's start, up to the first byte that hasn't come.
  ///
  /// - Throws: `UnreadableRow`.
  public static func rope(_ rows: some Sequence<some StoredRow>) throws -> [UploadSegment] {
    var segments: [UploadSegment] = []
    var last: Int64?
    for row in rows {
      let position = row.integer("position") ?? 0
      // Behind a part that isn't complete, there is a gap.
      if let last, position > last { break }
      if row.integer("is_complete") != 1 { last = position }
      if row.text("file") != nil { segments.append(try segment(row)) }
    }
    return segments
  }

  /// The rows that ``files(_:)`` reads: one for each segment, or one for an upload without any.
  ///
  /// - Parameters:
  ///   - condition: on an upload's ID.
  ///   - schema: with a point, where tables have one.
  public static func selectFiles(_ condition: String, schema: String = "") -> String {
    """
    SELECT u.id, u.epoch, u.expired_at, s.file FROM \(schema)uploads u
      LEFT JOIN \(schema)upload_segments s ON s.upload_id = u.id WHERE u.id \(condition)
    """
  }

  /// What each upload needs in its folder; uploads that have expired are left out.
  ///
  /// - Throws: `UnreadableRow`.
  public static func files(_ rows: some Sequence<some StoredRow>) throws -> [String: UploadFiles] {
    try rows.reduce(into: [:]) { files, row in
      guard let id = row.text("id"), let epoch = row.integer("epoch") else {
        throw UnreadableRow(id: row.text("id"), column: "epoch")
      }
      if row.integer("expired_at") != nil { return }
      var known = files[id] ?? UploadFiles(epoch: Int(epoch))
      if let file = row.text("file") { known.names.insert(file) }
      files[id] = known
    }
  }

  /// A row of the table of segments.
  private static func segment(_ row: some StoredRow) throws -> UploadSegment {
    guard let upload = row.text("upload_id"), let start = row.integer("start"), let bytes = row.integer("bytes"),
      let file = row.text("file"), let sha256 = row.text("sha256")
    else { throw UnreadableRow(id: row.text("upload_id"), column: "upload_segments") }
    return UploadSegment(upload: upload, start: Int(start), bytes: Int(bytes), file: file, sha256: sha256)
  }
}
