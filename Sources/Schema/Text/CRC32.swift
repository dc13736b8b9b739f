/// Cyclic redundancy checks of 32 bits, by eight bytes at a time (Kounavis and Berry, "A Systematic Approach to Building High
/// Performance, Software-based, CRC Generators", 2005).
package struct CRC32: Sendable {
  /// Eight tables of 256 entries, one after the other.
  private let tables: [UInt32]
  private var state: UInt32 = 0xFFFF_FFFF

  private init(reflectedPolynomial polynomial: UInt32) {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      tables[byte] = (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
    }
    for index in 256..<tables.count {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    self.tables = tables
  }

  /// As Ethernet and gzip have it (IEEE 802.3; RFC 1952, section 8).
  package static let ieee = CRC32(reflectedPolynomial: 0xEDB8_8320)
  /// As iSCSI has it (RFC 3720, section 12.1).
  package static let castagnoli = CRC32(reflectedPolynomial: 0x82F6_3B78)

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var state = state
    tables.withUnsafeBufferPointer { tables in
      var index = 0
      while index + 8 <= bytes.count {
        let low = state ^ UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
        let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
        state =
          tables[1_792 + Int(low & 0xFF)] ^ tables[1_536 + Int(low >> 8 & 0xFF)]
          ^ tables[1_280 + Int(low >> 16 & 0xFF)] ^ tables[1_024 + Int(low >> 24)]
        state ^=
          tables[768 + Int(high & 0xFF)] ^ tables[512 + Int(high >> 8 & 0xFF)]
          ^ tables[256 + Int(high >> 16 & 0xFF)] ^ tables[Int(high >> 24)]
        index += 8
      }
      while index < bytes.count {
        state = state >> 8 ^ tables[Int(state & 0xFF ^ UInt32(bytes[index]))]
        index += 1
      }
    }
    self.state = state
  }

  /// The check of what has come.
  package var value: UInt32 { ~state }

  /// The same, the most significant byte first.
  package var bytes: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) } }
}
