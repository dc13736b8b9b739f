import TallySchema

/// Text that is written in another encoding, in UTF-8. What is no text in it, such as half of a surrogate pair, becomes
/// a byte that UTF-8 never has, so that its field is a bad one.
final class TranscodingSource: ByteSource {
  /// Never part of UTF-8.
  private static let invalid: UInt8 = 0xFE

  private let source: any ByteSource
  private let encoding: CSVDialect.Encoding
  private let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
  private var text: [UInt8] = []
  private var next = 0
  /// The first byte of a unit, and the first unit of a surrogate pair.
  private var oddByte: UInt8?
  private var highSurrogate: UInt16?
  private var isEnded = false

  init(_ source: any ByteSource, _ encoding: CSVDialect.Encoding) {
    self.source = source
    self.encoding = encoding
  }

  deinit { piece.deallocate() }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(JobFailure) -> Int {
    var filled = 0
    while filled < buffer.count {
      if next == text.count {
        guard !isEnded else { break }
        try refill()
        continue
      }
      let count = min(buffer.count - filled, text.count - next)
      text.withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[next..<(next + count)]))
      }
      filled += count
      next += count
    }
    return filled
  }

  private func refill() throws(JobFailure) {
    let got = try source.read(into: piece)
    text.removeAll(keepingCapacity: true)
    next = 0
    for byte in piece[..<got] {
      if encoding == .latin1 {
        append(scalar: UInt32(byte))
      } else if let first = oddByte {
        oddByte = nil
        let unit =
          encoding == .utf16BigEndian ? UInt16(first) << 8 | UInt16(byte) : UInt16(byte) << 8 | UInt16(first)
        append(unit: unit)
      } else {
        oddByte = byte
      }
    }
    guard got < piece.count else { return }
    isEnded = true
    if oddByte != nil || highSurrogate != nil { text.append(TranscodingSource.invalid) }
  }

  private func append(unit: UInt16) {
    if let high = highSurrogate {
      highSurrogate = nil
      if unit & 0xFC00 == 0xDC00 {
        return append(scalar: 0x10000 + (UInt32(high & 0x3FF) << 10 | UInt32(unit & 0x3FF)))
      }
      text.append(TranscodingSource.invalid)
    }
    switch unit & 0xFC00 {
    case 0xD800: highSurrogate = unit
    case 0xDC00: text.append(TranscodingSource.invalid)
    default: append(scalar: UInt32(unit))
    }
  }

  private func append(scalar: UInt32) {
    if scalar < 0x80 { return text.append(UInt8(scalar)) }
    guard let scalar = Unicode.Scalar(scalar) else { return text.append(TranscodingSource.invalid) }
    text.append(contentsOf: String(scalar).utf8)
  }
}
