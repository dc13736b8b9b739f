import TallySchema

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

  init(of inputs: [RunInput], plan: GroupingPlan, dialect: CSVDialect, perPlace: Int) throws(JobFailure) {
    self.init(plan: plan)
    let buffers = Buffers(plan.columns)
    defer { buffers.deallocate() }
    // Text that can't be read from its middle is looked at where it begins.
    let lengths = inputs.map { $0.text.isPlain ? $0.text.file.size - $0.header.endOffset : 0 }
    let length = lengths.reduce(0, +)
    if length == 0 {
      try addBeginnings(of: inputs, plan, dialect, perPlace, buffers)
      return
    }
    var (input, before) = (0, 0)
    for place in 0..<KeySample.places {
      let offset = length / KeySample.places * place
      while offset >= before + lengths[input], input + 1 < inputs.count {
        before += lengths[input]
        input += 1
      }
      let start = inputs[input].header.endOffset
      let got = try inputs[input].text.file.read(into: buffers.buffer, at: start + offset - before)
      let isStart = offset == before
      addRecords(
        UnsafeRawBufferPointer(rebasing: buffers.buffer[..<got]), isStart: isStart,
        isEnd: start + offset - before + got == inputs[input].text.file.size, perPlace, plan, dialect, buffers)
      if length < KeySample.placeBytes { break }
    }
  }

  private mutating func addBeginnings(
    of inputs: [RunInput], _ plan: GroupingPlan, _ dialect: CSVDialect, _ perPlace: Int, _ buffers: Buffers
  ) throws(JobFailure) {
    let places = max(KeySample.places / max(inputs.count, 1), 1)
    for input in inputs.prefix(KeySample.places) {
      let source = try input.text.open(at: input.header.endOffset, counters: nil)
      for place in 0..<places {
        let got = try source.read(into: buffers.buffer)
        addRecords(
          UnsafeRawBufferPointer(rebasing: buffers.buffer[..<got]), isStart: place == 0,
          isEnd: got < buffers.buffer.count, perPlace, plan, dialect, buffers)
        if got < buffers.buffer.count { break }
      }
    }
  }

  /// Where records are taken apart.
  private struct Buffers {
    let ends: UnsafeMutableBufferPointer<UInt32>
    let buffer: UnsafeMutableRawBufferPointer
    let scratch: UnsafeMutableRawBufferPointer

    init(_ columns: Int) {
      ends = .allocate(capacity: columns)
      buffer = .allocate(byteCount: KeySample.placeBytes, alignment: 16)
      scratch = .allocate(byteCount: KeySample.placeBytes * 3, alignment: 16)
    }

    func deallocate() {
      ends.deallocate()
      buffer.deallocate()
      scratch.deallocate()
    }
  }

  private mutating func addRecords(
    _ bytes: UnsafeRawBufferPointer, isStart: Bool, isEnd: Bool, _ perPlace: Int, _ plan: GroupingPlan,
    _ dialect: CSVDialect, _ buffers: Buffers
  ) {
    let scanner = RecordScanner(dialect)
    let fieldText = FieldText(dialect)
    // The first record of a place is cut, but for the input's own first.
    var next = isStart ? 0 : (bytes.firstIndex(of: 0x0A) ?? bytes.count) + 1
    var taken = 0
    while next < bytes.count, taken < perPlace {
      let record = scanner.scan(bytes, from: next, ends: buffers.ends)
      guard record.next < bytes.count || isEnd else { break }
      if record.problem == nil, record.fieldCount == plan.columns, !record.isComment {
        let view = RecordView(
          block: bytes.baseAddress!, start: next, ends: UnsafePointer(buffers.ends.baseAddress!), count: plan.columns,
          lastEnd: record.lastEnd, hasQuotes: true, isForeign: true, hasNUL: true)
        add(view, plan, fieldText, buffers.scratch.baseAddress!)
        taken += 1
        records += 1
        self.bytes += record.next - next
      }
      next = record.next
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
      // Only of text can a key be taken apart again.
      guard FieldText.isUTF8(field) else { return }
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
