import Synchronization
import TallySchema

/// The bad rows of a run, and what they mean for it: the first one in the file's order decides, whichever thread met
/// one first.
final class BadRowLog: Sendable {
  /// Thrown to end a thread's work: the reason stands in the log.
  struct Stop: Error {}

  private struct State {
    /// Lines of the bad rows.
    var lines = 0
    /// The first bad row in the file's order.
    var first: (ordinal: Int, offset: Int, failure: JobFailure)?
    var rejects: [RejectedRow] = []
  }

  private let policy: JobSpec.BadRowPolicy
  private let scanner: RecordScanner
  private let most: Int
  private let counters: ProgressCounters
  // The thread sanitizer sees who holds a monitor, and not who holds a `Mutex`.
  private let state = Monitor(State())
  /// Blocks after this one needn't be looked at any more.
  private let lastBlock = Atomic<Int>(.max)

  private let budget: MemoryBudget
  private let reservedBytes = Atomic(0)

  init(spec: JobSpec, counters: ProgressCounters, budget: MemoryBudget) {
    self.budget = budget
    policy = spec.onBadRow
    scanner = RecordScanner(spec.csv)
    most = spec.maxBadRows
    self.counters = counters
  }

  /// Whether a row before this block has already decided.
  func isPast(_ block: InputBlock) -> Bool { block.ordinal > lastBlock.load(ordering: .relaxed) }

  deinit { budget.release(reservedBytes.load(ordering: .relaxed)) }

  /// The collected rows in the order of the files.
  var rejects: [RejectedRow] { state.withLock { $0.rejects.sorted { $0.place < $1.place } } }

  /// - Throws: ``Stop`` when this row, or one more of them, ends the run.
  func add(_ row: BadRow, in block: InputBlock) throws {
    let row = row.spanning(block, scanner)
    counters.badRows.add(1, ordering: .relaxed)
    counters.badLines.add(row.lines, ordering: .relaxed)
    let reject = policy == .collect ? try collect(row, in: block) : nil
    let ends = state.withLock { state in
      state.lines += row.lines
      if let reject { state.rejects.append(reject) }
      if state.first.map({ (block.ordinal, row.offset) < ($0.ordinal, $0.offset) }) ?? true {
        state.first = (block.ordinal, row.offset, failure(row, in: block))
      }
      return policy == .fail || state.lines > most
    }
    guard ends else { return }
    lastBlock.min(block.ordinal, ordering: .relaxed)
    throw Stop()
  }

  /// Why the run failed, if bad rows are the reason.
  var failure: JobFailure? {
    state.withLock { state in
      guard let first = state.first?.failure else { return nil }
      if policy == .fail { return first }
      guard state.lines > most else { return nil }
      var failure = first
      failure.reason = "TOO_MANY_BAD_ROWS"
      failure.message =
        "More than \(most) lines hold bad rows (maxBadRows). Mend them, or raise maxBadRows. The first is \(first.message)"
      return failure
    }
  }

  private func collect(_ row: BadRow, in block: InputBlock) throws(BudgetExceeded) -> RejectedRow {
    let (line, column) = position(of: row, in: block)
    let reject = RejectedRow(
      place: RejectedRow.Position(ordinal: block.ordinal, offset: row.record.lowerBound), file: block.file, line: line,
      column: column, byteOffset: block.offset + row.record.lowerBound, row: row,
      text: UnsafeRawBufferPointer(rebasing: block.bytes[row.record]))
    guard budget.reserve(reject.memoryBytes) else {
      throw BudgetExceeded(neededBytes: reject.memoryBytes, what: "the collected bad rows")
    }
    reservedBytes.add(reject.memoryBytes, ordering: .relaxed)
    return reject
  }

  private func position(of row: BadRow, in block: InputBlock) -> (line: Int, column: Int) {
    let before = UnsafeRawBufferPointer(rebasing: block.bytes[..<row.offset])
    return (block.firstLine + block.lineEnds.count(before), block.lineEnds.bytesAfterLast(before) + 1)
  }

  private func failure(_ row: BadRow, in block: InputBlock) -> JobFailure {
    let (line, column) = position(of: row, in: block)
    return row.failure(file: block.file, line: line, column: column, skips: policy != .fail)
  }
}
