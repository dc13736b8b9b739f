/// How a CSV file is written. The default is RFC 4180 in UTF-8 with a header.
public struct CSVDialect: Hashable, Sendable {
  /// How text is written as bytes.
  public enum Encoding: String, CaseIterable, Sendable {
    /// UTF-8, or what a byte order mark says.
    case utf8 = "utf-8"
    /// UTF-16, whose byte order mark says which; without one, little-endian.
    case utf16 = "utf-16"
    /// UTF-16, the low byte first.
    case utf16LittleEndian = "utf-16le"
    /// UTF-16, the high byte first.
    case utf16BigEndian = "utf-16be"
    /// ISO 8859-1.
    case latin1 = "latin-1"
  }

  /// What ends a line of the file.
  public enum LineEnd: String, CaseIterable, Sendable {
    /// As the file's first mebibyte shows: CR where a lone CR is its first line end and it has no LF, else LF.
    case auto
    /// LF, or CR LF. A lone CR is data.
    case lf
    /// CR, or CR LF.
    case cr
  }

  /// The byte between two fields, ASCII.
  public var delimiter: UInt8 = UInt8(ascii: ",")
  /// The byte around a quoted field, ASCII; nil: no field is quoted.
  public var quoteMark: UInt8? = UInt8(ascii: "\"")
  /// The byte that makes the next one literal in a quoted field, ASCII; nil: a quote is written twice.
  public var escape: UInt8?
  /// Whether the first record has the columns' names. Without one they are called 1, 2, 3, …
  public var header = true
  /// The texts of an absent value: unquoted or quoted alike. None by default.
  public var null: [String] = []
  /// How the file's text is written as bytes.
  public var encoding = Encoding.utf8
  /// Lines that begin with this byte, ASCII, are left out; nil: none is.
  public var comment: UInt8?
  /// Lines before the header, or the first record, that are left out.
  public var skipLines = 0
  /// Whether spaces and tabs around unquoted values are left out.
  public var trim = false
  /// The decimal mark of numbers.
  public var decimalMark: UInt8 = UInt8(ascii: ".")
  /// The byte between groups of three digits before the decimal mark; nil: none may stand there.
  public var thousandsMark: UInt8?
  /// What ends a line.
  public var lineEnd = LineEnd.auto

  /// RFC 4180 in UTF-8 with a header.
  public init() {}

  /// The byte around a quoted field; 0xFF, which never stands in UTF-8, where there is none.
  public var quote: UInt8 {
    get { quoteMark ?? 0xFF }
    set { quoteMark = newValue }
  }

  /// How the output of a job is written: with the same delimiter, quote, escape and decimal mark, and a header, in UTF-8.
  public var output: CSVDialect {
    var output = CSVDialect()
    output.delimiter = delimiter
    output.quoteMark = quoteMark
    output.escape = escape
    output.decimalMark = decimalMark
    return output
  }

  /// What the output is quoted with.
  public var outputQuote: UInt8 { quoteMark ?? UInt8(ascii: "\"") }
}

extension CSVDialect: JSONConvertible {
  /// Lines that may be skipped: they are read by one thread.
  private static let skipLinesMost = 1_000_000

  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    self.init()
    var fields = try JSONFields(json, of: "csv")
    if let text: String = try fields.optional("delimiter") { delimiter = try CSVDialect.byte(text, "delimiter") }
    if let text: String = try fields.optional("quote") {
      quoteMark = text.isEmpty ? nil : try CSVDialect.byte(text, "quote")
    }
    if let text: String = try fields.optional("escape") { escape = try CSVDialect.byte(text, "escape") }
    header = try fields.optional("header") ?? true
    null = try fields.optional("null") ?? []
    if let text: String = try fields.optional("encoding") { encoding = try JSONChoice.read("encoding", text) }
    if let text: String = try fields.optional("comment") { comment = try CSVDialect.byte(text, "comment") }
    skipLines = try fields.optional("skipLines") ?? 0
    trim = try fields.optional("trim") ?? false
    if let text: String = try fields.optional("decimalMark") { decimalMark = try CSVDialect.byte(text, "decimalMark") }
    if let text: String = try fields.optional("thousandsMark") {
      thousandsMark = try CSVDialect.byte(text, "thousandsMark")
    }
    if let text: String = try fields.optional("lineEnd") { lineEnd = try JSONChoice.read("lineEnd", text) }
    try fields.refuseTheRest()
    try validate()
  }

  private func validate() throws {
    for (field, byte) in [("delimiter", delimiter), ("quote", outputQuote)]
    where (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte) {
      throw JSONFieldError(field: field, rule: "must be nothing that stands in a number")
    }
    if outputQuote == delimiter { throw JSONFieldError(field: "quote", rule: "must not be the delimiter") }
    if escape == delimiter { throw JSONFieldError(field: "escape", rule: "must not be the delimiter") }
    if escape != nil, quoteMark == nil { throw JSONFieldError(field: "escape", rule: "needs a quote") }
    if let comment, comment == delimiter || comment == quoteMark {
      throw JSONFieldError(field: "comment", rule: "must be neither the delimiter nor the quote")
    }
    if !(0...CSVDialect.skipLinesMost).contains(skipLines) {
      throw JSONFieldError(field: "skipLines", rule: "must be from 0 to \(CSVDialect.skipLinesMost)")
    }
    for (field, mark) in [("decimalMark", decimalMark), ("thousandsMark", thousandsMark ?? 0x2C)] {
      if (0x30...0x39).contains(mark) || "+-eE".utf8.contains(mark) {
        throw JSONFieldError(field: field, rule: "must not be a digit, a sign or an e")
      }
    }
    if thousandsMark == decimalMark {
      throw JSONFieldError(field: "thousandsMark", rule: "must not be the decimal mark")
    }
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [
      JSONMember("delimiter", CSVDialect.text(delimiter)),
      JSONMember("quote", quoteMark.map(CSVDialect.text) ?? ""), JSONMember("header", .bool(header)),
      JSONMember("null", null.json), JSONMember("encoding", .string(encoding.rawValue)),
      JSONMember("skipLines", .number(skipLines)), JSONMember("trim", .bool(trim)),
      JSONMember("decimalMark", CSVDialect.text(decimalMark)),
    ]
    for (name, mark) in [("escape", escape), ("comment", comment), ("thousandsMark", thousandsMark)] {
      if let mark { members.append(JSONMember(name, CSVDialect.text(mark))) }
    }
    if lineEnd != .auto { members.append(JSONMember("lineEnd", .string(lineEnd.rawValue))) }
    return .object(members)
  }

  private static func text(_ byte: UInt8) -> JSONValue { .string(String(UnicodeScalar(byte))) }

  private static func byte(_ text: String, _ field: String) throws -> UInt8 {
    guard text.utf8.count == 1, let byte = text.utf8.first, byte != 0, byte != 0x0A, byte != 0x0D else {
      throw JSONFieldError(field: field, rule: "must be one ASCII character, and no line end")
    }
    return byte
  }
}
