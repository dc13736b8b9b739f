/// One record of a block: where its fields stand. Field `i` begins after field `i - 1`'s end and one delimiter.
struct RecordView {
  let block: UnsafeRawPointer
  let start: Int
  let ends: UnsafePointer<UInt32>
  let count: Int
  /// Without the line end.
  let lastEnd: Int
  /// Whether a field may be quoted, may hold a byte from 0x80 on, may hold 0x00.
  let hasQuotes: Bool
  let isForeign: Bool
  let hasNUL: Bool

  /// No record.
  static var none: RecordView {
    RecordView(
      block: UnsafeRawPointer(bitPattern: 1)!, start: 0, ends: UnsafePointer(bitPattern: 4)!, count: 0, lastEnd: 0,
      hasQuotes: false, isForeign: false, hasNUL: false)
  }

  /// Another record of the same window.
  func moved(to start: Int, ends: UnsafePointer<UInt32>, lastEnd: Int) -> RecordView {
    RecordView(
      block: block, start: start, ends: ends, count: count, lastEnd: lastEnd, hasQuotes: hasQuotes,
      isForeign: isForeign, hasNUL: hasNUL)
  }

  @inline(__always)
  func offset(ofField index: Int) -> Int { index == 0 ? start : Int(ends[index - 1]) + 1 }

  /// The field's bytes as they stand, quotes included.
  @inline(__always)
  func field(_ index: Int) -> UnsafeRawBufferPointer {
    let from = offset(ofField: index)
    let to = index == count - 1 ? lastEnd : Int(ends[index])
    return UnsafeRawBufferPointer(start: block + from, count: to - from)
  }
}
