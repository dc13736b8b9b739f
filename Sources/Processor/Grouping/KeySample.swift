import Schema

/// Rows from places all over a file: for the splitters of its partitions, and for guesses about its columns. A place may
/// lie inside quotes, and what is read there is then no key; that only makes partitions uneven.
struct KeySample {
  private static let places = 64
  private static let placeBytes = 16_384

  /// In the form of ``KeyCodec``.
  private(set) var keys: [[UInt8]] = []
  /// For each of the plan's value columns: how often each scale was seen.
  private var scaleCounts: [[Int]]
  /// Bytes of the records that were looked at, and how many they were.
  private(set) var bytes = 0
  private(set) var records = 0

  /// No rows.
  init(plan: GroupingPlan) {
    scaleCounts = plan.valueColumns.map { _ in [Int](repeating: 0, count: DecimalNumber.scaleLimit + 1) }
  }

  init(
    of file: InputFile, from start: Int, plan: GroupingPlan, dialect: CSVDialect, perPlace: Int
  ) throws(JobFailure) {
    self.init(plan: plan)
    let length = file.identity.size - start
    let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: plan.columns)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: KeySample.placeBytes, alignment: 16)
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: KeySample.placeBytes * 3, alignment: 16)
    defer {
      ends.deallocate()
      buffer.deallocate()
      scratch.deallocate()
    }
    let scanner = RecordScanner(dialect)
    let fieldText = FieldText(dialect)
    for place in 0..<KeySample.places {
      let offset = start + length / KeySample.places * place
      let got = try file.read(into: buffer, at: offset)
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<got])
      // The first record of a place is cut, but for the file's own first.
      var next = place == 0 ? 0 : (bytes.firstIndex(of: 0x0A) ?? got) + 1
      var taken = 0
      while next < got, taken < perPlace {
        let record = scanner.scan(bytes, from: next, ends: ends)
        guard record.next < got || place == KeySample.places - 1 else { break }
        if record.problem == nil, record.fieldCount == plan.columns {
          let view = RecordView(
            block: bytes.baseAddress!, start: next, ends: UnsafePointer(ends.baseAddress!), count: plan.columns,
            lastEnd: record.lastEnd, hasQuotes: true, isForeign: true, hasNUL: true)
          add(view, plan, fieldText, scratch.baseAddress!)
          taken += 1
          records += 1
          self.bytes += record.next - next
        }
        next = record.next
      }
      if length < KeySample.placeBytes { break }
    }
  }

  /// For each of the plan's value columns, the scale that most of its numbers have.
  var usualScales: [UInt8] {
    scaleCounts.map { counts in UInt8(counts.indices.max { (counts[$0], $1) < (counts[$1], $0) } ?? 0) }
  }

  /// The rows whose numbers aren't of their column's usual scale, or need more than 32 bits.
  func unfitRows(_ plan: GroupingPlan) -> Int {
    var most = 0
    for (index, counts) in scaleCounts.enumerated() where plan.valueColumns[index].isNumber {
      most = max(most, records - (counts.max() ?? 0))
    }
    return most
  }

  /// The first field of every key.
  var firstFields: [[UInt8]] {
    keys.map { key in Array(key[..<key.withUnsafeBytes { KeyCodec.fieldEnd($0, from: 0) }]) }
  }

  private mutating func add(
    _ view: RecordView, _ plan: GroupingPlan, _ fieldText: FieldText, _ scratch: UnsafeMutableRawPointer
  ) {
    let unquoted = scratch + 2 * KeySample.placeBytes
    var end = scratch
    for (index, column) in plan.groupColumns.enumerated() {
      let field = fieldText.value(of: view.field(column), scratch: unquoted)
      if index > 0 { KeyCodec.appendByte(KeyCodec.separator, &end) }
      KeyCodec.append(field, mayHoldNUL: true, &end)
    }
    keys.append(Array(UnsafeRawBufferPointer(start: scratch, count: end - scratch)))
    for (index, value) in plan.valueColumns.enumerated() where value.isNumber {
      let field = fieldText.value(of: view.field(value.index), scratch: unquoted)
      if let number = plan.numbers.parse(field), Int32(exactly: number.mantissa) != nil {
        scaleCounts[index][Int(number.scale)] += 1
      }
    }
  }
}
