extension JSONValue {
  /// The value as compact JSON text, members in their order.
  public var bytes: [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(JSONValue.usualBytes)
    write(into: &output)
    return output
  }

  /// Room for a job's specification or its status, so that they needn't be moved while they grow.
  static let usualBytes = 512

  /// The JSON text, without spaces.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Appends the JSON text.
  public func write(into output: inout [UInt8]) { _ = write(into: &output, bytesMost: .max) }

  /// - Parameter bytesMost: of the whole output; nothing more is written once there are more.
  /// - Returns: false when there are more; the text is then cut off.
  public func write(into output: inout [UInt8], bytesMost: Int) -> Bool {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .number(let text), .unpairedSurrogate(let text): output.append(contentsOf: text.utf8)
    case .string(let text): JSONValue.write(text, into: &output)
    case .array(let items):
      output.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        if !item.write(into: &output, bytesMost: bytesMost) { return false }
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        JSONValue.write(member.name, into: &output)
        output.append(UInt8(ascii: ":"))
        if !member.value.write(into: &output, bytesMost: bytesMost) { return false }
      }
      output.append(UInt8(ascii: "}"))
    }
    return output.count <= bytesMost
  }

  /// A string with its quotes. U+0080 to U+009F are escaped as well, which terminals obey, and U+2028 and U+2029: line
  /// splitters of some stream clients break a text on them, and on U+0085.
  static func write(_ text: String, into output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      // What needs no escape goes over in one piece.
      var begin = 0
      var index = 0
      while index < bytes.count {
        let length = escapedLength(bytes, at: index)
        if length == 0 {
          index += 1
          continue
        }
        output.append(contentsOf: bytes[begin..<index])
        writeEscape(bytes, at: index, into: &output)
        index += length
        begin = index
      }
      output.append(contentsOf: bytes[begin...])
    }
    output.append(UInt8(ascii: "\""))
  }

  /// Bytes of the character there if it must be escaped; 0 if it needn't be.
  private static func escapedLength(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
    switch bytes[index] {
    case 0..<0x20, 0x22, 0x5C, 0x7F: 1
    case 0xC2: bytes[index + 1] < 0xA0 ? 2 : 0
    case 0xE2: bytes[index + 1] == 0x80 && bytes[index + 2] & 0xFE == 0xA8 ? 3 : 0
    default: 0
    }
  }

  private static func writeEscape(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int, into output: inout [UInt8]) {
    switch bytes[index] {
    case 0x22: output.append(contentsOf: "\\\"".utf8)
    case 0x5C: output.append(contentsOf: "\\\\".utf8)
    case 0x0A: output.append(contentsOf: "\\n".utf8)
    case 0x0D: output.append(contentsOf: "\\r".utf8)
    case 0x09: output.append(contentsOf: "\\t".utf8)
    case 0xC2: writeControl(bytes[index + 1], into: &output)
    case 0xE2: output.append(contentsOf: (bytes[index + 2] == 0xA8 ? "\\u2028" : "\\u2029").utf8)
    case let control: writeControl(control, into: &output)
    }
  }

  /// A character below U+0100 by its number.
  private static func writeControl(_ number: UInt8, into output: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    output.append(contentsOf: "\\u00".utf8)
    output.append(digits[Int(number >> 4)])
    output.append(digits[Int(number & 15)])
  }
}
