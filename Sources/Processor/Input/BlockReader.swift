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

  /// Reads from the offset, where a record begins, to the file's end. Returns early when nobody wants more.
  ///
  /// - Throws: ``JobFailure``, ``BudgetExceeded``.
  func run(_ file: InputFile, from start: Int, line: Int) throws {
    var boundary = RecordBoundary(dialect)
    var buffer = try pool.take(behind: 0)
    var carried = 0  // bytes of a record whose end hasn't been seen, at the buffer's start
    var (offset, ordinal, firstLine) = (start, 0, line)
    while true {
      let space = UnsafeMutableRawBufferPointer(start: buffer.base + carried, count: blockBytes)
      let got = try file.read(into: space, at: offset)
      offset += got
      counters.bytesRead.add(got, ordering: .relaxed)
      if offset > file.identity.size || (got < blockBytes && offset < file.identity.size) { throw file.changed() }
      let isLast = offset == file.identity.size
      let filled = carried + got
      var cut = boundary.feed(UnsafeRawBufferPointer(rebasing: space[..<got]))
      if cut > 0 { cut += carried }
      if isLast { cut = filled }
      let rest = filled - cut
      if rest > limits.recordBytes { throw recordTooLong(file, line: firstLine + lines(in: buffer.base, cut)) }

      let next = try isLast ? nil : pool.take(behind: rest)
      if let next { next.base.copyMemory(from: buffer.base + cut, byteCount: rest) }
      if cut > 0 {
        let lineCount = lines(in: buffer.base, cut)
        let block = InputBlock(buffer: buffer, count: cut, ordinal: ordinal, firstLine: firstLine, pool: pool)
        guard queue.push(block) else { return }
        ordinal += 1
        firstLine += lineCount
      }
      guard let next else { return }
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
