/// Walks JSON text (RFC 8259) byte by byte and finds where each value ends, without building anything: strict in
/// grammar, UTF-8 and depth. What needs the raw text of a part (a request's ID, its parameters) takes the range.
public struct JSONScanner: Sendable {
  /// The whole text.
  public let bytes: ArraySlice<UInt8>
  /// The index of the next byte in ``bytes``.
  public private(set) var position: Int
  let depthLimit: Int

  /// A scanner at the beginning of a text.
  ///
  /// - Parameter depthLimit: levels of arrays and objects, at most.
  public init(_ bytes: ArraySlice<UInt8>, depthLimit: Int) {
    self.bytes = bytes
    self.position = bytes.startIndex
    self.depthLimit = depthLimit
  }

  /// The next byte; nil at the end.
  public var current: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  /// Steps over one byte, which the caller has looked at.
  public mutating func advance() { position += 1 }

  /// Moves on to the next byte that is no space, tab or line end.
  public mutating func skipWhitespace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// Steps over one value and returns where it stands.
  public mutating func skipValue(depth: Int = 0) throws(JSONSyntaxError) -> Range<Int> {
    let start = position
    guard let byte = current else { throw failure("the text ends where a value is expected") }
    switch byte {
    case UInt8(ascii: "{"): try skipContainer(depth: depth + 1, close: UInt8(ascii: "}"), named: true)
    case UInt8(ascii: "["): try skipContainer(depth: depth + 1, close: UInt8(ascii: "]"), named: false)
    case UInt8(ascii: "\""): _ = try skipString()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
    case UInt8(ascii: "t"): try skipLiteral("true")
    case UInt8(ascii: "f"): try skipLiteral("false")
    case UInt8(ascii: "n"): try skipLiteral("null")
    default: throw failure("a value cannot start with this byte")
    }
    return start..<position
  }

  /// Checks that nothing but white space is left.
  public mutating func expectEnd() throws(JSONSyntaxError) {
    skipWhitespace()
    if current != nil { throw failure("there are bytes after the value") }
  }

  /// The error that a rule is broken at ``position``.
  public func failure(_ rule: String) -> JSONSyntaxError {
    JSONSyntaxError(offset: position - bytes.startIndex, rule: rule)
  }

  private mutating func skipContainer(depth: Int, close: UInt8, named: Bool) throws(JSONSyntaxError) {
    guard depth <= depthLimit else { throw failure("the nesting is deeper than \(depthLimit) (jsonDepth)") }
    position += 1
    skipWhitespace()
    if current == close {
      position += 1
      return
    }
    while true {
      skipWhitespace()
      if named {
        _ = try skipString()
        skipWhitespace()
        guard current == UInt8(ascii: ":") else { throw failure("a colon is expected after a member's name") }
        position += 1
        skipWhitespace()
      }
      _ = try skipValue(depth: depth)
      skipWhitespace()
      if current == close {
        position += 1
        return
      }
      guard current == UInt8(ascii: ",") else { throw failure("a comma or the container's end is expected") }
      position += 1
    }
  }

  private mutating func skipLiteral(_ literal: StaticString) throws(JSONSyntaxError) {
    for offset in 0..<literal.utf8CodeUnitCount {
      guard current == literal.utf8Start[offset] else { throw failure("only true, false and null are literals") }
      position += 1
    }
  }

  private mutating func skipDigits() throws(JSONSyntaxError) {
    let start = position
    while let byte = current, byte >= 0x30, byte <= 0x39 { position += 1 }
    if position == start { throw failure("a digit is expected in a number") }
  }

  private mutating func skipNumber() throws(JSONSyntaxError) {
    if current == UInt8(ascii: "-") { position += 1 }
    if current == UInt8(ascii: "0") {
      position += 1
      if let byte = current, byte >= 0x30, byte <= 0x39 { throw failure("a number has no leading zero") }
    } else {
      try skipDigits()
    }
    if current == UInt8(ascii: ".") {
      position += 1
      try skipDigits()
    }
    if let byte = current, byte | 0x20 == UInt8(ascii: "e") {
      position += 1
      if let sign = current, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
      try skipDigits()
    }
  }

  /// Steps over a string and returns whether it holds an escape.
  public mutating func skipString() throws(JSONSyntaxError) -> Bool {
    guard current == UInt8(ascii: "\"") else { throw failure("a string is expected") }
    position += 1
    var escaped = false
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return escaped
      case UInt8(ascii: "\\"):
        escaped = true
        position += 1
        try skipEscape()
      case 0..<0x20:
        throw failure("a control character in a string must be escaped")
      case 0..<0x80:
        position += 1
      default:
        let length = UTF8Rule.sequenceLength(bytes[position...])
        if length == 0 { throw failure("this is not valid UTF-8") }
        position += length
      }
    }
    throw failure("a string has no end")
  }

  private mutating func skipEscape() throws(JSONSyntaxError) {
    switch current {
    case UInt8(ascii: "u"):
      position += 1
      for _ in 0..<4 {
        guard let byte = current, JSONScanner.hexDigit(byte) != nil else {
          throw failure("\\u needs four hexadecimal digits")
        }
        position += 1
      }
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 1
    default:
      throw failure("this escape is unknown")
    }
  }

  static func hexDigit(_ byte: UInt8) -> UInt16? {
    switch byte {
    case 0x30...0x39: UInt16(byte - 0x30)
    case 0x41...0x46: UInt16(byte - 0x41 + 10)
    case 0x61...0x66: UInt16(byte - 0x61 + 10)
    default: nil
    }
  }
}

/// Why a text is not JSON, and at which byte (from 0).
public struct JSONSyntaxError: Error, Hashable, CustomStringConvertible {
  /// Where the text is wrong, in bytes from its beginning.
  public var offset: Int
  /// What the text breaks, in words.
  public var rule: String
  /// The value as text, for messages and logs.
  public var description: String { "byte \(offset): \(rule)" }
}
