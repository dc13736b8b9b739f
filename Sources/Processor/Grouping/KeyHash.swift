import CTallySIMD

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

  /// A hash of a value behind which 31 bytes may be read.
  @inline(__always)
  static func padded(_ value: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    if value.count > Int(TALLY_SHORT_TEXT) { return hash(value, seed: seed) }
    guard let start = value.baseAddress else { return seed }
    return tally_hash_short(start, value.count, seed)
  }

  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (high, low) = left.multipliedFullWidth(by: right)
    return high ^ low
  }
}
