/// A hash of a key's bytes: eight at a time, folded by a wide multiplication (the construction of wyhash), under a seed
/// of the process, so that nobody can prepare a file of colliding keys.
enum KeyHash {
  static let seed = UInt64.random(in: .min ... .max)

  @inline(__always)
  static func hash(_ key: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var state = seed ^ UInt64(truncatingIfNeeded: key.count)
    var index = 0
    while index + 8 <= key.count {
      state = fold(state ^ key.loadUnaligned(fromByteOffset: index, as: UInt64.self), 0x9E37_79B9_7F4A_7C15)
      index += 8
    }
    return fold(state ^ KeyCodec.word(key, depth: index), 0xD6E8_FEB8_6659_FD93)
  }

  /// The first eight bytes of a value as a word, zeros beyond its end. Seven bytes behind the value may be read.
  @inline(__always)
  static func head(_ value: UnsafeRawBufferPointer) -> UInt64 {
    guard value.count > 0, let start = value.baseAddress else { return 0 }
    let word = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
    return value.count >= 8 ? word : word & ((1 << UInt64(truncatingIfNeeded: 8 &* value.count)) &- 1)
  }

  /// A hash of a value behind which seven bytes may be read: one multiplication for up to sixteen bytes.
  @inline(__always)
  static func padded(_ value: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    let count = value.count
    if count > 16 { return hash(value, seed: seed) }
    let tail = count > 8 ? value.baseAddress!.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self) : 0
    let salt = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: count)
    return fold(head(value) ^ seed, tail ^ salt ^ (seed << 32 | seed >> 32))
  }

  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (high, low) = left.multipliedFullWidth(by: right)
    return high ^ low
  }
}
