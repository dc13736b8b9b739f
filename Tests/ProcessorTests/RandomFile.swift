import TallySchema
import TestSupport

/// A random CSV file: its dialect, rows, bad rows, empty lines, and every form of a number.
struct RandomFile {
  var dialect = CSVDialect()
  var columns = ["k", "l", "n", "m"]
  var bytes: [UInt8] = []

  /// - Parameter rows: at most; a random number of them.
  init(_ random: inout SeededRandom, rows: ClosedRange<Int> = 0...60) {
    dialect.delimiter = [0x2C, 0x3B, 0x09].randomElement(using: &random) ?? 0x2C
    dialect.quote = Bool.random(using: &random) ? 0x22 : 0x27
    if Bool.random(using: &random) { dialect.null = ["NULL"] }
    if Int.random(in: 0..<3, using: &random) == 0 { dialect.escape = 0x5C }
    if Int.random(in: 0..<3, using: &random) == 0 { dialect.trim = true }
    if Int.random(in: 0..<3, using: &random) == 0 {
      dialect.decimalMark = 0x2C
      if Bool.random(using: &random) { dialect.thousandsMark = 0x2E }
    }
    let lineEnd: [UInt8] = Bool.random(using: &random) ? [0x0A] : [0x0D, 0x0A]
    let hasBadRows = Int.random(in: 0..<4, using: &random) == 0
    let isQuoted = Bool.random(using: &random)
    if Int.random(in: 0..<8, using: &random) == 0 { bytes += [0xEF, 0xBB, 0xBF] }
    bytes += columns.joined(separator: String(UnicodeScalar(dialect.delimiter))).utf8
    bytes += lineEnd
    for _ in 0..<Int.random(in: rows, using: &random) {
      var fields = [key(&random), key(&random), number(&random), number(&random)]
      if hasBadRows, Int.random(in: 0..<8, using: &random) == 0 { spoil(&fields, &random) }
      let written = fields.enumerated().map { write($1, isText: $0 < 2, isQuoted: isQuoted, &random) }
      bytes += written.joined(separator: [dialect.delimiter])
      bytes += lineEnd
      if Int.random(in: 0..<20, using: &random) == 0 { bytes += lineEnd }
    }
    if Bool.random(using: &random), bytes.count > 20 { bytes.removeLast(lineEnd.count) }
  }

  private func key(_ random: inout SeededRandom) -> [UInt8] {
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return []
    case 1: return Array("é😀\u{0}x".utf8)
    case 2: return Array(repeating: 0x61, count: Int.random(in: 0...40, using: &random))
    case 3: return [0x61, dialect.quote, 0x62]
    case 4: return [0x0D, 0x61]
    case 5: return [0x5C, 0x61, 0x20]
    default:
      return (0..<Int.random(in: 1...2, using: &random)).map { _ in UInt8.random(in: 0x61...0x63, using: &random) }
    }
  }

  private func number(_ random: inout SeededRandom) -> [UInt8] {
    if let null = dialect.null.first, Int.random(in: 0..<6, using: &random) == 0 { return Array(null.utf8) }
    let mark = String(UnicodeScalar(dialect.decimalMark))
    let whole = Int.random(in: 0...1_000, using: &random)
    let fraction = Int.random(in: 0...99, using: &random)
    let exponent = Int.random(in: -2...3, using: &random)
    let sign = ["", "-", "+"].randomElement(using: &random) ?? ""
    let thousands = dialect.thousandsMark.map { "1\(UnicodeScalar($0))234\(mark)5" } ?? "1234\(mark)5"
    let texts = [
      "\(whole)", "\(whole)\(mark)\(fraction)", "\(whole)\(mark)50", "\(mark)\(fraction)", "\(whole)\(mark)", "0",
      "\(whole)e\(exponent)", "\(whole)\(mark)\(fraction)E\(exponent)", thousands,
    ]
    let text = sign + (texts.randomElement(using: &random) ?? "0")
    return Array((Int.random(in: 0..<6, using: &random) == 0 ? " \(text) " : text).utf8)
  }

  private func spoil(_ fields: inout [[UInt8]], _ random: inout SeededRandom) {
    switch Int.random(in: 0..<3, using: &random) {
    case 0: fields.removeLast()
    case 1: fields[2] = Array("abc".utf8)
    default: fields[0] = [0x61, 0xFF]
    }
  }

  private func write(_ field: [UInt8], isText: Bool, isQuoted: Bool, _ random: inout SeededRandom) -> [UInt8] {
    let mustQuote =
      field.first == dialect.quote || field.contains { $0 == dialect.delimiter || $0 == 0x0A || $0 == 0x0D }
    guard mustQuote || (isQuoted && Int.random(in: 0..<3, using: &random) == 0) else {
      return dialect.trim ? padded(field, &random) : field
    }
    let quote = dialect.quote
    var body = field
    if isText, isQuoted, Int.random(in: 0..<4, using: &random) == 0 {
      body += [dialect.delimiter, 0x0A, quote]
    }
    let escape = dialect.escape ?? quote
    return [quote] + body.flatMap { $0 == quote || $0 == escape ? [escape, $0] : [$0] } + [quote]
  }

  /// What `trim` leaves out.
  private func padded(_ field: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    let blanks: [[UInt8]] = [[], [], [0x20], [0x20, 0x20]] + (dialect.delimiter == 0x09 ? [] : [[0x09]])
    return (blanks.randomElement(using: &random) ?? []) + field + (blanks.randomElement(using: &random) ?? [])
  }
}
