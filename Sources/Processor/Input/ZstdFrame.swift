/// The head of a Zstandard frame (RFC 8878, section 3.1.1.1): pure.
enum ZstdFrame {
  /// Bytes that a frame's head has at the most, with its magic number.
  static let headBytesMost = 18
  private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  /// Bytes of the window that a frame is expanded with; nil where the head isn't whole, or is none.
  static func windowBytes(_ head: [UInt8]) -> Int? {
    guard head.starts(with: magic), head.count > 5 else { return nil }
    let descriptor = head[4]
    guard descriptor & 0x20 != 0 else {
      let base = 1 << (10 + Int(head[5] >> 3))
      return base + base / 8 * Int(head[5] & 7)
    }
    // A single segment: the window is the content.
    let place = 5 + [0, 1, 2, 4][Int(descriptor & 3)]
    let count = [1, 2, 4, 8][Int(descriptor >> 6)]
    guard head.count >= place + count else { return nil }
    let size = head[place..<(place + count)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(clamping: count == 2 ? size + 256 : size)
  }

  /// Memory of a job that may use a share of it for such a window, which libzstd takes for powers of two.
  static func memoryBytes(forWindow bytes: Int, share: Int) -> Int? {
    guard bytes <= 1 << 31 else { return nil }
    var window = 1 << 10
    while window < bytes { window *= 2 }
    return window * share
  }
}
