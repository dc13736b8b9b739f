/// How a CSV file is written. The default is RFC 4180 in UTF-8.
public struct CSVDialect: Hashable, Sendable {
  /// The byte between two fields, ASCII.
  public var delimiter: UInt8 = UInt8(ascii: ",")
  /// The byte around a quoted field, ASCII.
  public var quote: UInt8 = UInt8(ascii: "\"")
  /// The texts of an absent value: unquoted or quoted alike. None by default.
  public var null: [String] = []

  public init() {}
}

extension CSVDialect: JSONConvertible {
  public init(json: JSONValue) throws {
    self.init()
    var fields = try JSONFields(json, of: "csv")
    if let text: String = try fields.optional("delimiter") { delimiter = try CSVDialect.byte(text, "delimiter") }
    if let text: String = try fields.optional("quote") { quote = try CSVDialect.byte(text, "quote") }
    if delimiter == quote { throw JSONFieldError(field: "quote", rule: "must not be the delimiter") }
    null = try fields.optional("null") ?? []
    try fields.refuseTheRest()
  }

  public var json: JSONValue {
    [
      "delimiter": .string(String(UnicodeScalar(delimiter))), "quote": .string(String(UnicodeScalar(quote))),
      "null": null.json,
    ]
  }

  private static func byte(_ text: String, _ field: String) throws -> UInt8 {
    guard text.utf8.count == 1, let byte = text.utf8.first, byte != 0, byte != 0x0A, byte != 0x0D else {
      throw JSONFieldError(field: field, rule: "must be one ASCII character, and no line end")
    }
    return byte
  }
}
