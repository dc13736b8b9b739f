import TallySchema

/// One JSON object for each record and line, its members in the order of the columns: group columns and texts as strings, numbers
/// as numbers with all their digits, and `null` where there is no value.
struct NDJSONFormat: OutputFormat {
  private static let hexadecimal = Array("0123456789abcdef".utf8)

  private let columns: [String]
  let special: [Bool]

  init(_ spec: JobSpec) {
    columns = spec.outputColumns
    // Every text needs its quotes.
    special = [Bool](repeating: true, count: 256)
  }

  var mediaType: String { "application/x-ndjson" }
  var header: [UInt8] { [] }
  var recordEnd: [UInt8] { Array("}\n".utf8) }
  var copiesPlainTexts: Bool { false }
  var changesNumbers: Bool { false }
  /// `\u0000` for a byte.
  var textGrowth: (each: Int, beside: Int) { (6, 4) }

  func before(column: Int) -> [UInt8] {
    var text: [UInt8] = Array((column == 0 ? "{" : ",").utf8)
    JSONValue.string(columns[column]).write(into: &text)
    return text + Array(":".utf8)
  }

  func bytesMost(of text: UnsafeRawBufferPointer) -> Int {
    // Of a character of two or three bytes, the escape has six.
    text.reduce(2) { bytes, byte in
      switch byte {
      case 0..<0x20, 0x7F, 0xC2, 0xE2: bytes + 6
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes + 2
      default: bytes + 1
      }
    }
  }

  func write(text: UnsafeRawBufferPointer, isKey: Bool, _ output: inout UnsafeMutableRawPointer) {
    KeyCodec.appendByte(UInt8(ascii: "\""), &output)
    var index = 0
    while index < text.count {
      let byte = text[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): NDJSONFormat.escape(byte, &output)
      case 0x0A: NDJSONFormat.escape(UInt8(ascii: "n"), &output)
      case 0x0D: NDJSONFormat.escape(UInt8(ascii: "r"), &output)
      case 0x09: NDJSONFormat.escape(UInt8(ascii: "t"), &output)
      case 0..<0x20, 0x7F:
        NDJSONFormat.escape(number: UInt16(byte), &output)
        if isKey, byte == KeyCodec.separator { index += 1 }
      // What terminals obey (U+0080 to U+009F), and what some readers take for line ends (U+0085, U+2028, U+2029).
      case 0xC2 where text[index] < 0xA0:
        NDJSONFormat.escape(number: UInt16(text[index]), &output)
        index += 1
      case 0xE2 where text[index] == 0x80 && text[index + 1] & 0xFE == 0xA8:
        NDJSONFormat.escape(number: 0x2000 | UInt16(text[index + 1] & 0x3F), &output)
        index += 2
      default: KeyCodec.appendByte(byte, &output)
      }
    }
    KeyCodec.appendByte(UInt8(ascii: "\""), &output)
  }

  private static func escape(number: UInt16, _ output: inout UnsafeMutableRawPointer) {
    escape(UInt8(ascii: "u"), &output)
    for shift: UInt16 in [12, 8, 4, 0] { KeyCodec.appendByte(hexadecimal[Int(number >> shift & 0xF)], &output) }
  }

  private static func escape(_ byte: UInt8, _ output: inout UnsafeMutableRawPointer) {
    KeyCodec.appendByte(UInt8(ascii: "\\"), &output)
    KeyCodec.appendByte(byte, &output)
  }

  func writeNull(_ output: inout UnsafeMutableRawPointer) {
    for byte in "null".utf8 { KeyCodec.appendByte(byte, &output) }
  }

  func finishNumber(from start: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {}

  func firstRows(of bytes: [UInt8], isWhole: Bool, most: Int, columnsMost: Int) -> [[String]] {
    // What stands behind the last line end is cut off.
    let lines = bytes[..<(bytes.lastIndex(of: 0x0A) ?? 0)].split(separator: 0x0A).prefix(most - 1)
    let rows = lines.map { line -> [String] in
      guard case .object(let members)? = try? JSONValue(parsing: line) else { return [] }
      return members.prefix(columnsMost).map { NDJSONFormat.shown($0.value) }
    }
    return [Array(columns.prefix(columnsMost))] + rows
  }

  private static func shown(_ value: JSONValue) -> String {
    switch value {
    case .string(let text), .number(let text): text
    default: ""
    }
  }
}
