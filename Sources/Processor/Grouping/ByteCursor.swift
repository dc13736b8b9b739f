/// Reads and writes the pieces of a partition's records: varints (LEB128) and integers in as few bytes as hold them.
enum ByteCursor {
  static let varintBytesMost = 10

  @inline(__always)
  static func writeVarint(_ value: UInt64, _ output: inout UnsafeMutableRawPointer) {
    var rest = value
    while rest >= 0x80 {
      output.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
      output += 1
      rest >>= 7
    }
    output.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
    output += 1
  }

  @inline(__always)
  static func readVarint(_ input: inout UnsafeRawPointer) -> UInt64 {
    var byte = input.load(as: UInt8.self)
    input += 1
    if byte < 0x80 { return UInt64(byte) }
    var value = UInt64(byte & 0x7F)
    var shift: UInt64 = 7
    repeat {
      byte = input.load(as: UInt8.self)
      input += 1
      value |= UInt64(byte & 0x7F) << shift
      shift += 7
    } while byte >= 0x80
    return value
  }

  /// The bytes (0 to 32) that hold a value in two's complement; 0 for zero.
  static func byteCount(_ value: Int256) -> Int {
    if let narrow = value.narrow {
      if narrow == 0 { return 0 }
      let significant = 129 - (narrow < 0 ? (~narrow).leadingZeroBitCount : narrow.leadingZeroBitCount)
      return (significant + 7) / 8
    }
    return 32
  }

  static func writeInteger(_ value: Int256, bytes: Int, _ output: inout UnsafeMutableRawPointer) {
    withUnsafeBytes(
      of: (
        value.limbs.0.littleEndian, value.limbs.1.littleEndian, value.limbs.2.littleEndian, value.limbs.3.littleEndian
      )
    ) {
      output.copyMemory(from: $0.baseAddress!, byteCount: bytes)
    }
    output += bytes
  }

  static func readInteger(bytes: Int, _ input: inout UnsafeRawPointer) -> Int256 {
    if bytes == 0 { return .zero }
    let isNegative = input.load(fromByteOffset: bytes - 1, as: UInt8.self) >> 7 == 1
    let fill: UInt64 = isNegative ? .max : 0
    var limbs = (fill, fill, fill, fill)
    withUnsafeMutableBytes(of: &limbs) { $0.baseAddress!.copyMemory(from: input, byteCount: bytes) }
    input += bytes
    return Int256(
      limbs: (
        UInt64(littleEndian: limbs.0), UInt64(littleEndian: limbs.1), UInt64(littleEndian: limbs.2),
        UInt64(littleEndian: limbs.3)
      ))
  }
}
