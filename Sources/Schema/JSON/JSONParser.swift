extension JSONValue {
  /// Reads one JSON text (RFC 8259), with nothing but white space around it.
  ///
  /// - Throws: ``JSONSyntaxError`` with the byte's offset and the rule: also for invalid UTF-8, a byte order mark,
  ///   and nesting deeper than the limit.
  public init(parsing bytes: ArraySlice<UInt8>, depthLimit: Int = Limits.jsonDepthMost) throws(JSONSyntaxError) {
    var scanner = JSONScanner(bytes, depthLimit: depthLimit)
    scanner.skipWhitespace()
    let range = try scanner.skipValue()
    try scanner.expectEnd()
    var builder = JSONBuilder(bytes: bytes, position: range.lowerBound)
    self = builder.value()
  }

  /// Parses a whole text.
  ///
  /// - Throws: ``JSONSyntaxError`` with the place and the rule.
  public init(parsing text: String) throws(JSONSyntaxError) { try self.init(parsing: Array(text.utf8)[...]) }
}

/// Builds the value of a text that ``JSONScanner`` has already found to be right, and so checks nothing again.
struct JSONBuilder {
  let bytes: ArraySlice<UInt8>
  var position: Int

  mutating func value() -> JSONValue {
    switch bytes[position] {
    case UInt8(ascii: "{"): return object()
    case UInt8(ascii: "["): return array()
    case UInt8(ascii: "\""): return JSONBuilder.string(bytes[stringRange()])
    case UInt8(ascii: "t"):
      position += 4
      return .bool(true)
    case UInt8(ascii: "f"):
      position += 5
      return .bool(false)
    case UInt8(ascii: "n"):
      position += 4
      return .null
    default:
      let start = position
      while position < bytes.endIndex, JSONBuilder.isNumberByte(bytes[position]) { position += 1 }
      return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }
  }

  private mutating func object() -> JSONValue {
    var members: [JSONMember] = []
    position += 1
    while next() != UInt8(ascii: "}") {
      let name = JSONBuilder.string(bytes[stringRange()])
      _ = next()  // the colon
      position += 1
      _ = next()
      // A name without its surrogate pair can match nothing; its raw text keeps it apart from every real name.
      members.append(JSONMember(name.string ?? JSONBuilder.rawText(name), value()))
      if next() == UInt8(ascii: ",") { position += 1 }
    }
    position += 1
    return .object(members)
  }

  private mutating func array() -> JSONValue {
    var items: [JSONValue] = []
    position += 1
    while next() != UInt8(ascii: "]") {
      items.append(value())
      if next() == UInt8(ascii: ",") { position += 1 }
    }
    position += 1
    return .array(items)
  }

  /// The next byte that isn't white space.
  private mutating func next() -> UInt8 {
    while bytes[position] <= 0x20 { position += 1 }
    return bytes[position]
  }

  private mutating func stringRange() -> Range<Int> {
    let start = position
    position += 1
    while bytes[position] != UInt8(ascii: "\"") { position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1 }
    position += 1
    return start..<position
  }

  private static func rawText(_ value: JSONValue) -> String {
    guard case .unpairedSurrogate(let raw) = value else { return "" }
    return raw
  }

  private static func isNumberByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
      true
    default: false
    }
  }

  /// The value of a string's raw text, quotes included.
  static func string(_ raw: ArraySlice<UInt8>) -> JSONValue {
    let body = raw.dropFirst().dropLast()
    guard body.contains(UInt8(ascii: "\\")) else { return .string(String(decoding: body, as: UTF8.self)) }
    var units: [UInt8] = []
    units.reserveCapacity(body.count)
    var index = body.startIndex
    while index < body.endIndex {
      guard body[index] == UInt8(ascii: "\\") else {
        units.append(body[index])
        index += 1
        continue
      }
      let escape = body[index + 1]
      index += 2
      guard escape == UInt8(ascii: "u") else {
        units.append(simpleEscape(escape))
        continue
      }
      let first = codeUnit(body, at: index)
      index += 4
      guard let scalar = scalar(first: first, in: body, next: &index) else {
        return .unpairedSurrogate(String(decoding: raw, as: UTF8.self))
      }
      units.append(contentsOf: String(Character(scalar)).utf8)
    }
    return .string(String(decoding: units, as: UTF8.self))
  }

  private static func scalar(first: UInt16, in body: ArraySlice<UInt8>, next index: inout Int) -> Unicode.Scalar? {
    guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
    guard index + 6 <= body.endIndex, body[index] == UInt8(ascii: "\\"), body[index + 1] == UInt8(ascii: "u") else {
      return nil
    }
    let second = codeUnit(body, at: index + 2)
    guard second & 0xFC00 == 0xDC00 else { return nil }
    index += 6
    return Unicode.Scalar(0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF)))
  }

  private static func codeUnit(_ body: ArraySlice<UInt8>, at index: Int) -> UInt16 {
    body[index..<index + 4].reduce(0) { $0 << 4 | (JSONScanner.hexDigit($1) ?? 0) }
  }

  private static func simpleEscape(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: byte
    }
  }
}
