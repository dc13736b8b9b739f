#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A group's key as one string of bytes whose order, byte by byte, is the order of its fields, one by one.
///
/// Fields are joined by 0x00; a 0x00 in a field becomes 0x00 0xFF. Fields are valid UTF-8, where 0xFF never stands, so
/// a field that ends sorts before every field that goes on.
enum KeyCodec {
  static let separator: UInt8 = 0
  static let escape: UInt8 = 0xFF

  /// Appends a field; `output` must have room for twice its bytes.
  @inline(__always)
  static func append(_ field: UnsafeRawBufferPointer, mayHoldNUL: Bool, _ output: inout UnsafeMutableRawPointer) {
    guard field.count > 0 else { return }
    if mayHoldNUL, memchr(field.baseAddress!, 0, field.count) != nil {
      for byte in field {
        output.storeBytes(of: byte, as: UInt8.self)
        output += 1
        if byte == separator { appendByte(escape, &output) }
      }
      return
    }
    output.copyMemory(from: field.baseAddress!, byteCount: field.count)
    output += field.count
  }

  @inline(__always)
  static func appendByte(_ byte: UInt8, _ output: inout UnsafeMutableRawPointer) {
    output.storeBytes(of: byte, as: UInt8.self)
    output += 1
  }

  /// The end of the field that begins at `start`: the position of its separator, or the key's end.
  @inline(__always)
  static func fieldEnd(_ key: UnsafeRawBufferPointer, from start: Int) -> Int {
    var index = start
    while index < key.count {
      guard let found = memchr(key.baseAddress! + index, 0, key.count - index) else { return key.count }
      index = UnsafeRawPointer(found) - key.baseAddress!
      if index + 1 < key.count, key[index + 1] == escape {
        index += 2
        continue
      }
      return index
    }
    return key.count
  }

  /// The fields of a key, still in its form.
  static func fields(of key: [UInt8]) -> [[UInt8]] {
    key.withUnsafeBytes { bytes in
      var fields: [[UInt8]] = []
      var start = 0
      while true {
        let end = fieldEnd(bytes, from: start)
        fields.append(Array(bytes[start..<end]))
        if end == bytes.count { return fields }
        start = end + 1
      }
    }
  }

  /// The order of two keys.
  @inline(__always)
  static func isLess(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    let common = min(left.count, right.count)
    let order = common == 0 ? 0 : memcmp(left.baseAddress!, right.baseAddress!, common)
    return order == 0 ? left.count < right.count : order < 0
  }

  @inline(__always)
  static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    left.count == right.count
      && (left.count == 0 || memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0)
  }

  /// Eight bytes of the key from `depth` on, the first most significant, zeros beyond its end: words compare as bytes.
  @inline(__always)
  static func word(_ key: UnsafeRawBufferPointer, depth: Int) -> UInt64 {
    let rest = key.count - depth
    if rest >= 8 { return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: depth, as: UInt64.self)) }
    var word: UInt64 = 0
    var shift: UInt64 = 56
    var index = depth
    while index < key.count {
      word |= UInt64(key[index]) << shift
      shift &-= 8
      index += 1
    }
    return word
  }
}

/// A record of a partition: `[key bytes, varint][payload bytes, varint][key][payload]`.
struct PartitionRecord {
  let key: UnsafeRawBufferPointer
  let payload: UnsafeRawBufferPointer

  @inline(__always)
  init(at start: UnsafeRawPointer) {
    var cursor = start
    let keyBytes = Int(ByteCursor.readVarint(&cursor))
    let payloadBytes = Int(ByteCursor.readVarint(&cursor))
    key = UnsafeRawBufferPointer(start: cursor, count: keyBytes)
    payload = UnsafeRawBufferPointer(start: cursor + keyBytes, count: payloadBytes)
  }

  /// Where the record after it begins.
  @inline(__always)
  var end: UnsafeRawPointer { payload.baseAddress! + payload.count }
}
