import CTallySIMD
import Synchronization
import TallySchema

/// Reads a file ahead of the workers, cuts it where records end, and hands the blocks over in order.
struct BlockReader {
  let dialect: CSVDialect
  let blockBytes: Int
  let limits: Limits
  let pool: BlockPool
  let queue: BlockQueue
  let counters: ProgressCounters

  /// Reads an input from the offset, where a record begins, to its end. Returns false when nobody wants more.
  ///
  /// - Parameters:
  ///   - line: of the first record.
  ///   - ordinal: of the first block; moves on.
  /// - Throws: ``JobFailure``, ``BudgetExceeded``.
  func run(_ text: InputText, from start: Int, line: Int, ordinal: inout Int) throws -> Bool {
    let source = try text.open(at: start, counters: counters)
    var boundary = RecordBoundary(dialect)
    var buffer = try pool.take(behind: 0)
    var carried = 0  // bytes of a record whose end hasn't been seen, at the buffer's start
    var (offset, firstLine) = (start, line)
    while true {
      let space = UnsafeMutableRawBufferPointer(start: buffer.base + carried, count: blockBytes)
      let got = try source.read(into: space)
      let isLast = got < blockBytes
      let filled = carried + got
      var cut = boundary.feed(UnsafeRawBufferPointer(rebasing: space[..<got]))
      if cut > 0 { cut += carried }
      if isLast { cut = filled }
      let rest = filled - cut
      if rest > limits.recordBytes {
        let record = UnsafeRawBufferPointer(start: buffer.base + cut, count: rest)
        throw recordTooLong(text, record, line: firstLine + lines(in: buffer.base, cut, text))
      }

      let next = try isLast ? nil : pool.take(behind: rest)
      if let next { next.base.copyMemory(from: buffer.base + cut, byteCount: rest) }
      if cut > 0 {
        let lineCount = lines(in: buffer.base, cut, text)
        let block = InputBlock(
          buffer: buffer, count: cut, ordinal: ordinal, file: text.file.name, offset: offset, firstLine: firstLine,
          lineEnds: text.lineEnds, pool: pool)
        guard queue.push(block) else { return false }
        ordinal += 1
        offset += cut
        firstLine += lineCount
      }
      guard let next else { return true }
      buffer = next
      carried = rest
    }
  }

  private func lines(in base: UnsafeMutableRawPointer, _ count: Int, _ text: InputText) -> Int {
    text.lineEnds.count(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// - Parameters:
  ///   - record: as much of it as has come.
  ///   - line: where it begins.
  private func recordTooLong(_ text: InputText, _ record: UnsafeRawBufferPointer, line: Int) -> JobFailure {
    // Where a quote has swallowed what follows, it is to blame.
    let quote = RecordScanner(dialect).swallowingQuote(in: record, text.lineEnds)
    let before = UnsafeRawBufferPointer(rebasing: record[..<(quote ?? 0)])
    let (line, column) = (line + text.lineEnds.count(before), text.lineEnds.bytesAfterLast(before) + 1)
    let what =
      quote == nil
      ? "a record" : "a quoted field that swallows \(text.lineEnds.count(record)) lines, and makes a record"
    return JobFailure(
      .outOfRange, reason: "RECORD_TOO_LONG",
      "\(text.file.name):\(line):\(column): \(what) of more than \(limits.recordBytes) bytes (recordBytes) begins here. "
        + "Is a closing quote missing?",
      file: text.file.name, line: line, column: column)
  }
}
