import CTallySIMD
import Schema
import Synchronization

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
      if rest > limits.recordBytes { throw recordTooLong(text.file, line: firstLine + lines(in: buffer.base, cut)) }

      let next = try isLast ? nil : pool.take(behind: rest)
      if let next { next.base.copyMemory(from: buffer.base + cut, byteCount: rest) }
      if cut > 0 {
        let lineCount = lines(in: buffer.base, cut)
        let block = InputBlock(
          buffer: buffer, count: cut, ordinal: ordinal, file: text.file.name, offset: offset, firstLine: firstLine,
          pool: pool)
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

  private func lines(in base: UnsafeMutableRawPointer, _ count: Int) -> Int {
    tally_count(base.assumingMemoryBound(to: UInt8.self), count, 0x0A)
  }

  private func recordTooLong(_ file: InputFile, line: Int) -> JobFailure {
    JobFailure(
      .outOfRange, reason: "RECORD_TOO_LONG",
      "\(file.name):\(line):1: a record of more than \(limits.recordBytes) bytes (recordBytes) begins here. "
        + "Is a closing quote missing?",
      file: file.name, line: line, column: 1)
  }
}
