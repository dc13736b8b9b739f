import Schema

/// Keys from places all over a file, for the splitters of its partitions. A guess: a place may lie inside quotes, and
/// what is read there is then no key. That only makes partitions uneven.
enum KeySample {
  private static let places = 64
  private static let placeBytes = 16_384

  static func keys(
    of file: InputFile, from start: Int, plan: GroupingPlan, dialect: CSVDialect, perPlace: Int
  ) throws(JobFailure) -> [[UInt8]] {
    let length = file.identity.size - start
    let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: plan.columns)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: placeBytes, alignment: 16)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: placeBytes * 3, alignment: 16)
    defer {
      ends.deallocate()
      buffer.deallocate()
      scratch.deallocate()
    }
    let scanner = RecordScanner(delimiter: dialect.delimiter, quote: dialect.quote)
    var keys: [[UInt8]] = []
    for place in 0..<places {
      let offset = start + length / places * place
      let got = try file.read(into: buffer, at: offset)
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<got])
      // The first record of a place is cut, but for the file's own first.
      var next = place == 0 ? 0 : (bytes.firstIndex(of: 0x0A) ?? got) + 1
      var taken = 0
      while next < got, taken < perPlace {
        let record = scanner.scan(bytes, from: next, ends: ends)
        guard record.next < got || place == places - 1 else { break }
        if record.problem == nil, record.fieldCount == plan.columns {
          keys.append(key(bytes, record, next, ends, plan, dialect.quote, scratch.baseAddress!))
          taken += 1
        }
        next = record.next
      }
      if length < placeBytes { break }
    }
    return keys
  }

  private static func key(
    _ bytes: UnsafeRawBufferPointer, _ record: RecordScanner.Record, _ start: Int,
    _ ends: UnsafeMutableBufferPointer<UInt32>, _ plan: GroupingPlan, _ quote: UInt8, _ scratch: UnsafeMutableRawPointer
  ) -> [UInt8] {
    let view = RecordView(
      block: bytes.baseAddress!, start: start, ends: UnsafePointer(ends.baseAddress!), count: plan.columns,
      lastEnd: record.lastEnd, hasQuotes: true, isForeign: true, hasNUL: true)
    let unquoted = scratch + 2 * placeBytes
    var end = scratch
    for (index, column) in plan.groupColumns.enumerated() {
      let field = FieldText.value(of: view.field(column), quote: quote, scratch: unquoted)
      if index > 0 { KeyCodec.appendByte(KeyCodec.separator, &end) }
      KeyCodec.append(field, mayHoldNUL: true, &end)
    }
    return Array(UnsafeRawBufferPointer(start: scratch, count: end - scratch))
  }
}
