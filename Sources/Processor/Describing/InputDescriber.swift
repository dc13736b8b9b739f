public import Storage
public import TallySchema

/// Looks at a file from its beginning and at places inside it, and tells what it looks like.
public enum InputDescriber {
  private static let headBytes = 64 << 10
  private static let placeBytes = 16 << 10
  private static let places = 3
  private static let firstRows = 20

  /// - Parameter dialect: how the file is written; nil: to be looked for.
  /// - Throws: ``JobFailure``.
  public static func describe(
    _ input: @escaping InputOpener, name: String, dialect: CSVDialect?, limits: Limits,
    interruption: Interruption = Interruption()
  ) throws(JobFailure) -> InputDescription {
    let file = try InputFile(input, name: name, interruption: interruption)
    var known = dialect ?? CSVDialect()
    var text = try InputText(file, dialect: known, memoryBytes: limits.memoryBytesDefault, limits: limits)
    var pieces = try InputDescriber.pieces(of: text)
    if dialect == nil, text.isAsWritten, !isUTF8(pieces, isCarriageReturn: text.lineEnds.isCarriageReturn) {
      // What isn't UTF-8 and has no byte order mark is most often of one byte for each character.
      known.encoding = .latin1
      text = try InputText(file, dialect: known, memoryBytes: limits.memoryBytesDefault, limits: limits)
      pieces = try InputDescriber.pieces(of: text)
    }
    // The answer says what was found, not that it is to be found.
    known.lineEnd = text.lineEnds.isCarriageReturn ? .cr : .lf
    try interruption.check()
    let guess =
      dialect == nil ? DialectGuess(pieces: withoutMark(pieces), base: known, columnsMost: limits.columns) : nil
    let used = guess?.dialect ?? known
    let header = try CSVHeader(of: text, dialect: used, limits: limits)
    var rows: [RecordTexts.Record] = []
    for (index, piece) in pieces.enumerated() {
      let from = index == 0 ? Array(piece.dropFirst(header.endOffset)) : piece
      rows += RecordTexts.records(
        from, used, most: 1_000, columnsMost: limits.columns, skippingBlank: header.names.count > 1)
    }
    let fitting = rows.filter { $0.fields.count == header.names.count && !$0.isBad }
    let share = rows.isEmpty ? 0 : Double(fitting.count) / Double(rows.count)
    return InputDescription(
      input: name, bytes: file.size,
      compression: text.compression.rawValue, csv: used,
      confidence: guess.map { min($0.confidence, rows.isEmpty ? $0.confidence : share) } ?? share,
      columns: header.names.indices.map { column($0, header.names[$0], fitting, used) },
      firstRows: fitting.prefix(firstRows).map(\.fields), rowsSeen: rows.count)
  }

  /// The pieces without the first one's byte order mark.
  private static func withoutMark(_ pieces: [[UInt8]]) -> [[UInt8]] {
    guard let first = pieces.first, first.starts(with: [0xEF, 0xBB, 0xBF]) else { return pieces }
    return [Array(first.dropFirst(3))] + pieces.dropFirst()
  }

  /// The same on a thread of its own, which ends when the task is cancelled.
  ///
  /// - Throws: ``JobFailure``, `CancellationError`.
  public static func describe(
    _ input: @escaping InputOpener, name: String, dialect: CSVDialect?, limits: Limits
  ) async throws -> InputDescription {
    let interruption = Interruption()
    do {
      return try await withTaskCancellationHandler {
        try await ThreadGroup.detached {
          try describe(input, name: name, dialect: dialect, limits: limits, interruption: interruption)
        }
      } onCancel: {
        interruption.set()
      }
    } catch is ThreadGroup.NoThreads {
      throw ProcessingRun.noThreads
    } catch is JobFailure where interruption.isSet {
      throw CancellationError()
    }
  }

  /// The beginning, and what follows the first line end of places inside. Of text that can't be read from its middle, the
  /// beginning only.
  private static func pieces(of text: InputText) throws(JobFailure) -> [[UInt8]] {
    let head = try read(text, at: 0, bytes: headBytes)
    var pieces = [head]
    guard text.isPlain, text.file.size > 4 * headBytes else { return pieces }
    for place in 1...places {
      let piece = try read(text, at: text.file.size / (places + 1) * place, bytes: placeBytes)
      if let end = piece.firstIndex(of: 0x0A) { pieces.append(Array(piece[(end + 1)...])) }
    }
    return pieces
  }

  private static func read(_ text: InputText, at offset: Int, bytes: Int) throws(JobFailure) -> [UInt8] {
    let piece = try text.open(at: offset, counters: nil).read(most: bytes)
    let isWhole = offset == 0 && piece.count < bytes
    // A last line without its end is as good as one with it.
    return piece + (isWhole && piece.last != 0x0A ? [0x0A] : [])
  }

  /// Whether the pieces are UTF-8, but for what is cut at their ends.
  private static func isUTF8(_ pieces: [[UInt8]], isCarriageReturn: Bool) -> Bool {
    pieces.allSatisfy { piece in
      // What stands for a stray line feed was one byte of UTF-8.
      let piece = isCarriageReturn ? piece.filter { $0 != CarriageReturnSource.strayLineFeed } : piece
      return (0..<4).contains { cut in String(validating: piece.dropLast(cut), as: UTF8.self) != nil }
    }
  }

  private static func column(
    _ index: Int, _ name: String, _ rows: [RecordTexts.Record], _ dialect: CSVDialect
  ) -> InputDescription.Column {
    let numbers = NumberFormat(decimalMark: dialect.decimalMark, thousandsMark: dialect.thousandsMark)
    var (empty, values, exact, doubles) = (0, 0, 0, 0)
    for row in rows {
      let text = Array(row.fields[index].utf8)
      if text.isEmpty || dialect.null.containsBytes(of: row.fields[index]) {
        empty += 1
        continue
      }
      values += 1
      text.withUnsafeBytes { bytes in
        if numbers.parse(bytes) != nil { exact += 1 }
        if numbers.parseDouble(bytes) != nil { doubles += 1 }
      }
    }
    let type: InputDescription.Column.Kind =
      values == 0 ? .empty : exact == values ? .number : doubles == values ? .double : .text
    return InputDescription.Column(name: name, type: type, empty: empty)
  }
}
