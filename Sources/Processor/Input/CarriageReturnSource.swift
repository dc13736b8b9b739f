import TallySchema

/// A text whose lines end in CR, with LF in the place of each CR that ends a record, so that what follows knows one line end. A
/// CR in quotes stays, CR LF stays as it is, and a LF that ends no line becomes a byte that no text has: its row is a bad one.
final class CarriageReturnSource: ByteSource {
  /// Stands for a lone LF outside quotes. No part of UTF-8; a byte of this value in the text becomes another such one.
  static let strayLineFeed: UInt8 = 0xFF
  private static let invalid: UInt8 = 0xFE
  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  private let source: any ByteSource
  private var state: QuoteState
  /// Lines that are left out: they end at CR, LF or CR LF, and quotes in them mean nothing.
  private var linesLeft: Int
  /// Bytes of a byte order mark that have come; nil: the text has begun.
  private var markBytes: Int? = 0
  /// A CR outside quotes has come, and what follows says whether it is one half of CR LF.
  private var holdsReturn = false
  private var isEnded = false
  private var output: [UInt8] = []
  private var taken = 0

  private static let pieceBytes = 64 << 10

  init(_ source: any ByteSource, _ dialect: CSVDialect) {
    self.source = source
    state = QuoteState(dialect)
    linesLeft = dialect.skipLines
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(JobFailure) -> Int {
    var filled = 0
    while filled < buffer.count {
      if taken == output.count {
        if isEnded { break }
        try refill()
        continue
      }
      let count = min(buffer.count - filled, output.count - taken)
      output.withUnsafeBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[taken..<(taken + count)]))
      }
      filled += count
      taken += count
    }
    return filled
  }

  private func refill() throws(JobFailure) {
    output.removeAll(keepingCapacity: true)
    taken = 0
    let piece = try source.read(most: CarriageReturnSource.pieceBytes)
    for byte in piece { take(byte) }
    guard piece.count < CarriageReturnSource.pieceBytes else { return }
    isEnded = true
    if holdsReturn { output.append(0x0A) }
  }

  /// Whether a byte is of the mark before the text, and none of its first field.
  private func isMark(_ byte: UInt8) -> Bool {
    guard let seen = markBytes else { return false }
    let isMark = byte == CarriageReturnSource.byteOrderMark[seen]
    markBytes = isMark && seen < 2 ? seen + 1 : nil
    return isMark
  }

  private func take(_ byte: UInt8) {
    if holdsReturn {
      holdsReturn = false
      linesLeft = max(0, linesLeft - 1)
      output.append(byte == 0x0A ? 0x0D : 0x0A)
      if byte == 0x0A { return output.append(0x0A) }
    }
    if isMark(byte) { return output.append(byte) }
    if linesLeft > 0, byte == 0x0A {
      linesLeft -= 1
      return output.append(byte)
    }
    let place = linesLeft > 0 ? .outside : state.step(byte)
    switch byte {
    case 0x0D where place == .outside: holdsReturn = true
    case 0x0A where place == .outside: output.append(CarriageReturnSource.strayLineFeed)
    case CarriageReturnSource.strayLineFeed: output.append(CarriageReturnSource.invalid)
    default: output.append(byte)
    }
  }
}
