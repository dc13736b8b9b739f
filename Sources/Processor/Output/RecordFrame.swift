/// What stands before each value of a record, and at its end: short texts, mostly, which one store of a machine word writes,
/// whatever their number of bytes is.
///
/// `@unchecked Sendable`: nothing changes after `init`, and the buffers are freed only by `deinit`.
final class RecordFrame: @unchecked Sendable {
  private static let shortMost = MemoryLayout<SIMD16<UInt8>>.size

  struct Text {
    /// All of the text, where it isn't longer.
    fileprivate var start = SIMD16<UInt8>()
    fileprivate let count: Int
    fileprivate let bytes: UnsafeMutableRawBufferPointer

    fileprivate init(_ text: [UInt8]) {
      count = text.count
      bytes = .allocate(byteCount: text.count, alignment: 1)
      bytes.copyBytes(from: text)
      for (index, byte) in text.prefix(RecordFrame.shortMost).enumerated() { start[index] = byte }
    }

    /// The bytes that ``write(_:)`` may touch.
    var room: Int { max(count, RecordFrame.shortMost) }

    @inline(__always)
    func write(_ output: inout UnsafeMutableRawPointer) {
      if count <= RecordFrame.shortMost {
        output.storeBytes(of: start, as: SIMD16<UInt8>.self)
      } else {
        output.copyMemory(from: bytes.baseAddress!, byteCount: count)
      }
      output += count
    }
  }

  let before: UnsafeMutableBufferPointer<Text>
  let end: Text

  init(_ format: any OutputFormat, columns: Int) {
    before = .allocate(capacity: columns)
    _ = before.initialize(fromContentsOf: (0..<columns).map { Text(format.before(column: $0)) })
    end = Text(format.recordEnd)
  }

  deinit {
    for text in before { text.bytes.deallocate() }
    end.bytes.deallocate()
    before.deallocate()
  }

  /// What all of it may touch.
  var room: Int { before.reduce(end.room) { $0 + $1.room } }
}
