import TallySchema

/// Whether a text's lines end in CR: the first line end outside quotes is a lone CR, and its first mebibyte, after the lines
/// that are skipped, has no LF.
enum LineEndDetector {
  private static let firstBytes = 64 << 10
  private static let mostBytes = 1 << 20
  /// Bytes of skipped lines that are looked through; a line end that comes so late says nothing of the others.
  private static let skippedBytesMost = 64 << 20

  /// - Parameter source: the text from its beginning; some of it is read.
  static func find(in source: any ByteSource, _ dialect: CSVDialect) throws(JobFailure) -> LineEnds {
    // Nearly every text has a LF soon.
    var text = try source.read(most: firstBytes)
    if dialect.skipLines == 0, text.contains(0x0A) { return LineEnds() }
    var (start, left, seen) = (0, dialect.skipLines, text.count)
    while left > 0 {
      if let end = lineEnd(in: text[start...]) {
        start = end
        left -= 1
        continue
      }
      let more = try source.read(most: firstBytes)
      seen += more.count
      if more.isEmpty || seen > skippedBytesMost { return LineEnds() }
      // Of a line that goes on, only a CR matters that may be the first half of CR LF.
      text = (text.last == 0x0D ? [0x0D] : []) + more
      start = 0
    }
    // The mebibyte is counted from here.
    text = Array(text[start...])
    text += try source.read(most: mostBytes - text.count)
    return LineEnds(isCarriageReturn: isCarriageReturn(text[...], dialect))
  }

  /// Where the first line ends, behind its CR, LF or CR LF; nil also where what follows a CR hasn't come.
  private static func lineEnd(in text: ArraySlice<UInt8>) -> Int? {
    guard let place = text.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else { return nil }
    if text[place] == 0x0A { return place + 1 }
    guard place + 1 < text.endIndex else { return nil }
    return place + (text[place + 1] == 0x0A ? 2 : 1)
  }

  static func isCarriageReturn(_ text: ArraySlice<UInt8>, _ dialect: CSVDialect) -> Bool {
    if text.contains(0x0A) { return false }
    var state = QuoteState(dialect)
    let text =
      dialect.skipLines == 0 && text.starts(with: CarriageReturnSource.byteOrderMark) ? text.dropFirst(3) : text
    return text.contains { state.step($0) == .outside && $0 == 0x0D }
  }
}

/// Whether a byte stands in a quoted field (RFC 4180, section 2), byte by byte: pure. Only CR ends a record: whoever finds CR LF
/// keeps the LF to itself, and a lone LF is a byte of its record.
struct QuoteState {
  enum Side { case outside, inside }
  private enum State { case recordStart, fieldStart, unquoted, quoted, quoteInQuoted, escaped, comment }

  private let dialect: CSVDialect
  private let escape: UInt8?
  private var state = State.recordStart

  init(_ dialect: CSVDialect) {
    self.dialect = dialect
    escape = dialect.escape == dialect.quoteMark ? nil : dialect.escape
  }

  /// Takes the next byte, and returns where it stands.
  mutating func step(_ byte: UInt8) -> Side {
    switch state {
    case .quoted:
      state = byte == escape ? .escaped : byte == dialect.quoteMark ? .quoteInQuoted : .quoted
      return .inside
    case .escaped:
      state = .quoted
      return .inside
    case .quoteInQuoted where byte == dialect.quoteMark && escape == nil,
      .fieldStart where byte == dialect.quoteMark, .recordStart where byte == dialect.quoteMark:
      state = .quoted
      return .inside
    case .comment where byte != 0x0D: return .outside
    case .recordStart where byte == dialect.comment: state = .comment
    default:
      state = byte == 0x0D ? .recordStart : byte == dialect.delimiter ? .fieldStart : .unquoted
    }
    return .outside
  }
}
