import TallySchema

/// A bad row as it is written beside the output.
struct RejectedRow: Sendable {
  /// In the order of the files.
  struct Position: Comparable, Sendable {
    var ordinal: Int
    var offset: Int

    static func < (left: Position, right: Position) -> Bool {
      (left.ordinal, left.offset) < (right.ordinal, right.offset)
    }
  }

  private static let textBytesMost = 1_024
  private static let columns = ["File", "Line", "Column", "Byte Offset", "Kind", "Message", "Text"]

  let place: Position
  private let fields: [String]

  /// - Parameters:
  ///   - column: of the byte to blame, as the line is; the byte offset is that of the record.
  ///   - text: the record's, of which a part is kept.
  init(
    place: Position, file: String, line: Int, column: Int, byteOffset: Int, row: BadRow, text: UnsafeRawBufferPointer
  ) {
    self.place = place
    // What is no UTF-8 becomes a replacement character, of three bytes.
    var kept = String(decoding: text.prefix(RejectedRow.textBytesMost), as: UTF8.self)
    if kept.utf8.count > RejectedRow.textBytesMost || text.count > RejectedRow.textBytesMost {
      while kept.utf8.count > RejectedRow.textBytesMost - 3 { kept.unicodeScalars.removeLast() }
      kept += "…"
    }
    fields = [file, "\(line)", "\(column)", "\(byteOffset)", row.reason, row.rule, kept]
  }

  var memoryBytes: Int { fields.reduce(128) { $0 + $1.utf8.count + 16 } }

  /// Writes the file of rejected rows: RFC 4180, whatever the input's dialect is.
  ///
  /// - Throws: ``JobFailure``, ``BudgetExceeded``.
  static func write(_ rows: [RejectedRow], to result: ResultFile, budget: MemoryBudget) throws {
    let file = try ResultWriter(result, budget: budget)
    try line(columns).withUnsafeBytes { try file.write($0) }
    for row in rows { try line(row.fields).withUnsafeBytes { try file.write($0) } }
    _ = try file.finish()
  }

  private static func line(_ fields: [String]) -> [UInt8] {
    // By bytes: for Swift, a quote with a combining mark behind it is no quote.
    let quote = UInt8(ascii: "\"")
    let quoted = fields.map { field -> [UInt8] in
      guard field.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return Array(field.utf8) }
      return [quote] + field.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    }
    return Array(quoted.joined(separator: [UInt8(ascii: ",")])) + [0x0A]
  }
}
