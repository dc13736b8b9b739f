import CTallySIMD
import TallySchema

/// What a parser does with the records of a block.
protocol RecordSink: ~Copyable {
  /// Takes a record with the right number of fields; returns why it is bad, if it is.
  mutating func take(_ record: RecordView) throws -> BadRow?
  /// The records up to ``endWindow()`` stay where they are, and count their offsets from this one of the block.
  mutating func beginWindow(_ block: InputBlock, at offset: Int)
  /// The records taken since ``beginWindow(_:at:)`` are no longer there when this returns.
  mutating func endWindow() throws
  /// Told of every bad row; decides by throwing whether the work ends.
  mutating func reject(_ row: BadRow, in block: InputBlock) throws
}

/// Cuts blocks into records: by an index of the structural bytes, or by ``RecordScanner`` where quotes stand in places
/// that RFC 4180 has none for.
struct BlockParser: ~Copyable {
  private static let windowBytesMost = 65_536
  private static let windowBytesLeast = 1_024
  /// Comparisons and sums of a row for which a window has its full size.
  private static let usualRowWork = 64

  /// Bytes that are parsed between two looks at the interruption: the fewer, the more work a row is.
  private let windowBytes: Int
  private let interruption: Interruption
  let columns: Int
  let fieldBytesLimit: Int
  private let scanner: RecordScanner
  private let positions: PageBuffer
  private let ends: PageBuffer

  /// - Parameter rowWork: about how many comparisons and sums a row is for the sink.
  init(
    columns: Int, dialect: CSVDialect, fieldBytesLimit: Int, rowWork: Int = 1,
    interruption: Interruption = Interruption(), budget: MemoryBudget
  ) throws(BudgetExceeded) {
    let share = BlockParser.windowBytesMost / max(1, rowWork / BlockParser.usualRowWork)
    windowBytes = max(share, BlockParser.windowBytesLeast)
    self.interruption = interruption
    let positions = try PageBuffer(bytes: windowBytes * 4, budget: budget, for: "the parser's index")
    let ends = try PageBuffer(bytes: columns * 4, budget: budget, for: "the parser's fields")
    self.columns = columns
    self.fieldBytesLimit = fieldBytesLimit
    self.positions = positions
    self.ends = ends
    scanner = RecordScanner(dialect)
  }

  /// Hands every record of the block to the sink; returns how many records there were, bad ones included.
  func parse<Sink: RecordSink & ~Copyable>(_ block: InputBlock, into sink: inout Sink) throws -> Int {
    var (start, rows) = (0, 0)
    let bytes = block.bytes
    while start < bytes.count {
      if interruption.isSet { throw CancellationError() }
      let window = min(windowBytes, bytes.count - start)
      let index = positions.base.assumingMemoryBound(to: UInt32.self)
      let base = bytes.baseAddress! + start
      let found = tally_index(
        base.assumingMemoryBound(to: UInt8.self), window, scanner.delimiter, scanner.quote, index)
      let isRegular =
        scanner.isPlain && found.irregular == 0 && (scanner.quotes || found.quotes == 0)
        && !block.lineEnds.isCarriageReturn
      let used = isRegular ? try parseIndexed(block, at: start, found, rows: &rows, into: &sink) : 0
      start += used
      // Irregular quotes, a record longer than the window, or the file's last line without an end.
      if used == 0 { start = try parseScanned(block, from: start, upTo: start + window, rows: &rows, into: &sink) }
    }
    return rows
  }

  /// Takes the whole records of a window; returns the bytes taken.
  private func parseIndexed<Sink: RecordSink & ~Copyable>(
    _ block: InputBlock, at windowStart: Int, _ found: tally_structure, rows: inout Int, into sink: inout Sink
  ) throws -> Int {
    let base = block.bytes.baseAddress! + windowStart
    let index = UnsafePointer(positions.base.assumingMemoryBound(to: UInt32.self))
    let count = found.count
    let (hasQuotes, isForeign, hasNUL) = (found.quotes != 0, found.foreign != 0, found.nul != 0)
    var (recordStart, next) = (0, 0)
    sink.beginWindow(block, at: windowStart)
    while next < count {
      let ends = index + next
      // With the right number of fields, the first line feed is where the last column ends.
      if next &+ columns <= count, endsLine(base, ends, columns) {
        let last = Int(ends[columns - 1])
        let record = RecordView(
          block: base, start: recordStart, ends: ends, count: columns,
          lastEnd: lineEnd(base, recordStart, last), hasQuotes: hasQuotes, isForeign: isForeign, hasNUL: hasNUL)
        rows += 1
        if last &- recordStart > fieldBytesLimit, let bad = longField(record) {
          try reject(bad, record, in: block, windowStart, &sink)
        } else if let bad = try sink.take(record) {
          try reject(bad, record, in: block, windowStart, &sink)
        }
        next &+= columns
        recordStart = last &+ 1
        continue
      }
      let fields = fieldCount(base, ends, count - next)
      // What is left is no whole record.
      if fields == 0 { break }
      let last = Int(ends[fields - 1])
      let lastEnd = lineEnd(base, recordStart, last)
      if lastEnd > recordStart {
        rows += 1
        let bad = BadRow(
          kind: .ragged(expected: columns, found: fields), offset: recordStart, record: recordStart..<lastEnd)
        try reject(bad, in: block, windowStart, &sink)
      }
      next += fields
      recordStart = last + 1
    }
    try sink.endWindow()
    return recordStart
  }

  /// Where a record's last field ends whose line feed stands there: before a CR.
  @inline(__always)
  private func lineEnd(_ base: UnsafeRawPointer, _ start: Int, _ last: Int) -> Int {
    last > start && base.load(fromByteOffset: last &- 1, as: UInt8.self) == 0x0D ? last &- 1 : last
  }

  /// Whether the last of these marks is a line feed, and no other is.
  @inline(__always)
  private func endsLine(_ base: UnsafeRawPointer, _ ends: UnsafePointer<UInt32>, _ count: Int) -> Bool {
    if base.load(fromByteOffset: Int(ends[count - 1]), as: UInt8.self) != 0x0A { return false }
    for index in 0..<(count - 1) where base.load(fromByteOffset: Int(ends[index]), as: UInt8.self) == 0x0A {
      return false
    }
    return true
  }

  /// The number of fields up to the next line feed among the marks; 0 when there is none.
  private func fieldCount(_ base: UnsafeRawPointer, _ ends: UnsafePointer<UInt32>, _ count: Int) -> Int {
    for index in 0..<count where base.load(fromByteOffset: Int(ends[index]), as: UInt8.self) == 0x0A {
      return index + 1
    }
    return 0
  }

  /// Takes records that begin before `limit` by the scanner; returns where the next one begins.
  private func parseScanned<Sink: RecordSink & ~Copyable>(
    _ block: InputBlock, from start: Int, upTo limit: Int, rows: inout Int, into sink: inout Sink
  ) throws -> Int {
    let bytes = block.bytes
    let ends = UnsafeMutableBufferPointer<UInt32>(
      start: self.ends.base.assumingMemoryBound(to: UInt32.self), count: columns)
    var start = start
    while start < limit {
      let scan = scanner.scan(bytes, from: start, ends: ends)
      defer { start = scan.next }
      if scan.isComment || (scan.lastEnd == start && columns != 1) { continue }
      rows += 1
      if let bad = badForm(scan, start, block) {
        try sink.reject(bad, in: block)
        continue
      }
      if scan.fieldCount != columns {
        try sink.reject(
          BadRow(
            kind: .ragged(expected: columns, found: scan.fieldCount), offset: start, record: start..<scan.lastEnd),
          in: block)
        continue
      }
      let record = RecordView(
        block: bytes.baseAddress!, start: start, ends: UnsafePointer(ends.baseAddress!), count: columns,
        lastEnd: scan.lastEnd, hasQuotes: true, isForeign: true, hasNUL: true)
      sink.beginWindow(block, at: 0)
      if scan.lastEnd - start > fieldBytesLimit, let bad = longField(record) {
        try reject(bad, record, in: block, 0, &sink)
      } else if let bad = try sink.take(record) {
        try reject(bad, record, in: block, 0, &sink)
      }
      try sink.endWindow()
    }
    return start
  }

  /// What is wrong with a scanned record's quotes or line ends.
  private func badForm(_ scan: RecordScanner.Record, _ start: Int, _ block: InputBlock) -> BadRow? {
    let range = start..<scan.lastEnd
    if let problem = scan.problem {
      if problem.0 == .unclosedQuote { return BadRow(kind: .unclosedQuote, offset: problem.at, record: range) }
      let field = UnsafeRawBufferPointer(rebasing: block.bytes[problem.opening..<problem.at])
      let isSwallowed = block.lineEnds.count(field) > 0
      return BadRow(
        kind: .textAfterQuote(isSwallowed: isSwallowed), offset: isSwallowed ? problem.opening : problem.at,
        record: range)
    }
    guard block.lineEnds.isCarriageReturn,
      let place = block.bytes[range].firstIndex(of: CarriageReturnSource.strayLineFeed)
    else { return nil }
    return BadRow(kind: .strayLineFeed, offset: place, record: range)
  }

  @inline(never)
  private func reject<Sink: RecordSink & ~Copyable>(
    _ bad: BadRow, in block: InputBlock, _ windowStart: Int, _ sink: inout Sink
  ) throws {
    try sink.reject(bad.moved(by: windowStart), in: block)
  }

  @inline(never)
  private func reject<Sink: RecordSink & ~Copyable>(
    _ bad: BadRow, _ record: RecordView, in block: InputBlock, _ windowStart: Int, _ sink: inout Sink
  ) throws {
    var bad = bad
    bad.record = record.start..<record.lastEnd
    try sink.reject(bad.moved(by: windowStart), in: block)
  }

  @inline(never)
  private func longField(_ record: RecordView) -> BadRow? {
    for index in 0..<record.count where record.field(index).count > fieldBytesLimit {
      return BadRow(kind: .fieldTooLong(limitBytes: fieldBytesLimit), offset: record.offset(ofField: index))
    }
    return nil
  }
}
