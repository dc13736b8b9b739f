/// The keys under which a group's numbers are sorted: `[aggregate, varint][bytes of the group's key, varint][group's key]`, then
/// 0 for a record that counts all of the group's numbers, or 1 and a number. What stands before these is no other key's
/// beginning, so that a group's records are together, the count first, and then its numbers from the least on.
///
/// A number is its value with 28 places, as ``OrderKey`` has numbers (bytes of its magnitude, up from 0x80 where it is positive and
/// down where it is negative; then these bytes, turned where it is negative), and the scale that it was written with.
enum OrderedValueKey {
  /// Beside the group's key.
  static let bytesMost = 2 * ByteCursor.varintBytesMost + 3 + 32

  static func writeGroup(
    _ key: UnsafeRawBufferPointer, slot: Int, _ output: inout UnsafeMutableRawPointer
  ) {
    ByteCursor.writeVarint(UInt64(slot), &output)
    ByteCursor.writeVarint(UInt64(key.count), &output)
    if key.count > 0 { output.copyMemory(from: key.baseAddress!, byteCount: key.count) }
    output += key.count
  }

  static func writeCount(_ output: inout UnsafeMutableRawPointer) { KeyCodec.appendByte(0, &output) }

  static func write(_ number: DecimalNumber, _ output: inout UnsafeMutableRawPointer) {
    KeyCodec.appendByte(1, &output)
    let value = number.widened
    let magnitude = value.magnitude
    let turned: UInt64 = value.isNegative ? .max : 0
    let limbs = [magnitude.limbs.3, magnitude.limbs.2, magnitude.limbs.1, magnitude.limbs.0]
    let leading = limbs.prefix { $0 == 0 }.count
    let bytes = leading == 4 ? 0 : (4 - leading) * 8 - limbs[leading].leadingZeroBitCount / 8
    KeyCodec.appendByte(value.isNegative ? 0x80 - UInt8(bytes) : 0x80 + UInt8(bytes), &output)
    for place in (0..<bytes).reversed() {
      let limb = limbs[3 - place / 8] ^ turned
      KeyCodec.appendByte(UInt8(truncatingIfNeeded: limb >> UInt64(8 * (place % 8))), &output)
    }
    KeyCodec.appendByte(number.scale, &output)
  }

  /// A key's parts.
  struct Parts {
    let slot: Int
    let group: UnsafeRawBufferPointer
    /// Nil: the record counts all numbers.
    let number: (value: Int256, scale: UInt8)?

    init(_ key: UnsafeRawBufferPointer) {
      var cursor = key.baseAddress!
      slot = Int(ByteCursor.readVarint(&cursor))
      let bytes = Int(ByteCursor.readVarint(&cursor))
      group = UnsafeRawBufferPointer(start: cursor, count: bytes)
      cursor += bytes
      let hasNumber = cursor.load(as: UInt8.self) == 1
      number = hasNumber ? OrderedValueKey.readNumber(cursor + 1) : nil
    }
  }

  private static func readNumber(_ start: UnsafeRawPointer) -> (value: Int256, scale: UInt8) {
    let head = start.load(as: UInt8.self)
    let isNegative = head < 0x80
    let bytes = Int(isNegative ? 0x80 - head : head - 0x80)
    var limbs: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &limbs) { limbs in
      for index in 0..<bytes {
        let byte = start.load(fromByteOffset: 1 + index, as: UInt8.self)
        limbs[bytes - 1 - index] = isNegative ? ~byte : byte
      }
    }
    let magnitude = Int256(
      limbs: (
        UInt64(littleEndian: limbs.0), UInt64(littleEndian: limbs.1), UInt64(littleEndian: limbs.2),
        UInt64(littleEndian: limbs.3)
      ))
    return (isNegative ? -magnitude : magnitude, start.load(fromByteOffset: 1 + bytes, as: UInt8.self))
  }
}
