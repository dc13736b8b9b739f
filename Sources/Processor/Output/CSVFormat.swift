import TallySchema

/// CSV in the dialect of the job's request, so that reading the answer with the same dialect gives the same values.
struct CSVFormat: OutputFormat {
  private let delimiter: UInt8
  private let quote: UInt8
  /// In a quoted field, the byte before a literal quote: the quote itself, unless the dialect has another.
  private let escape: UInt8
  private let decimalMark: UInt8
  /// Spaces at a field's ends would be left out when it is read again.
  private let trims: Bool
  private let comment: UInt8?
  private let columns: [String]
  private let dialect: CSVDialect
  /// The bytes for which a field is quoted: delimiter, quote, CR, LF; 0x00 because it may be the key's own escape.
  let special: [Bool]

  init(_ spec: JobSpec) {
    delimiter = spec.csv.delimiter
    quote = spec.csv.outputQuote
    escape = spec.csv.escape ?? quote
    decimalMark = spec.csv.decimalMark
    trims = spec.csv.trim
    comment = spec.csv.comment
    columns = spec.outputColumns
    dialect = spec.csv.output
    var special = [Bool](repeating: false, count: 256)
    for byte in [delimiter, 0x0A, 0x0D, KeyCodec.separator] { special[Int(byte)] = true }
    // In a dialect without quotes, they are text as any other.
    if spec.csv.quoteMark != nil { special[Int(quote)] = true }
    self.special = special
  }

  var mediaType: String { "text/csv; charset=utf-8; header=present" }
  var recordEnd: [UInt8] { [0x0A] }
  /// A field may have to be quoted for its ends, too.
  var copiesPlainTexts: Bool { !trims && comment == nil }
  var changesNumbers: Bool { decimalMark != UInt8(ascii: ".") }
  var textGrowth: (each: Int, beside: Int) { (2, 2) }

  var header: [UInt8] {
    columns.enumerated().flatMap { index, name in before(column: index) + quoted(Array(name.utf8)) } + recordEnd
  }

  private func quoted(_ name: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: name.count * 2 + 2) { buffer, count in
      var end = UnsafeMutableRawPointer(buffer.baseAddress!)
      name.withUnsafeBytes { write(text: $0, isKey: false, &end) }
      count = end - UnsafeMutableRawPointer(buffer.baseAddress!)
    }
  }

  func before(column: Int) -> [UInt8] { column == 0 ? [] : [delimiter] }

  func bytesMost(of text: UnsafeRawBufferPointer) -> Int { text.count * 2 + 2 }

  func write(text: UnsafeRawBufferPointer, isKey: Bool, _ output: inout UnsafeMutableRawPointer) {
    if text.isEmpty { return writeNull(&output) }
    let isQuoted = text.contains { special[Int($0)] && $0 != KeyCodec.separator } || hasSpecialEnds(text)
    if isQuoted { KeyCodec.appendByte(quote, &output) }
    var index = 0
    while index < text.count {
      let byte = text[index]
      if isQuoted, byte == quote || byte == escape { KeyCodec.appendByte(escape, &output) }
      KeyCodec.appendByte(byte, &output)
      index += isKey && byte == KeyCodec.separator ? 2 : 1
    }
    if isQuoted { KeyCodec.appendByte(quote, &output) }
  }

  /// Whether a field must be quoted for its first or last byte, to be read again as it is.
  private func hasSpecialEnds(_ field: UnsafeRawBufferPointer) -> Bool {
    guard !copiesPlainTexts, let first = field.first, let last = field.last else { return false }
    return first == comment || (trims && [first, last].contains { $0 == 0x20 || $0 == 0x09 })
  }

  /// Nothing; but a record isn't an empty line.
  func writeNull(_ output: inout UnsafeMutableRawPointer) {
    guard columns.count == 1 else { return }
    KeyCodec.appendByte(quote, &output)
    KeyCodec.appendByte(quote, &output)
  }

  /// The dialect's decimal mark, and quotes where that is the delimiter.
  func finishNumber(from start: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    let number = UnsafeMutableRawBufferPointer(start: start, count: output - start)
    guard let point = number.firstIndex(of: UInt8(ascii: ".")) else { return }
    number[point] = decimalMark
    guard decimalMark == delimiter else { return }
    (start + 1).copyMemory(from: start, byteCount: number.count)
    start.storeBytes(of: quote, as: UInt8.self)
    output += 1
    KeyCodec.appendByte(quote, &output)
  }

  func firstRows(of bytes: [UInt8], isWhole: Bool, most: Int, columnsMost: Int) -> [[String]] {
    CSVPreview.rows(bytes, isWhole: isWhole, dialect: dialect, rowsMost: most, columnsMost: columnsMost)
  }
}
