/// Memory for input blocks, used again and again: pages that are fresh from the kernel cost more than what is read into
/// them. It is charged to the budget until the pool is closed.
final class BlockPool: Sendable {
  /// Bytes that may be read behind a block's last: values are read by whole words.
  static let slackBytes = 64
  /// Room for the beginning of a record that the block before has left.
  private static let carryBytes = 65_536

  let blockBytes: Int
  private let budget: MemoryBudget
  private let free = Monitor<[PageBuffer]?>([])

  init(blockBytes: Int, budget: MemoryBudget) {
    self.blockBytes = blockBytes
    self.budget = budget
  }

  /// A buffer for a block behind so many bytes of an unfinished record.
  func take(behind carried: Int) throws(BudgetExceeded) -> PageBuffer {
    if carried > min(BlockPool.carryBytes, blockBytes * 16) {
      return try PageBuffer(
        bytes: carried + blockBytes + BlockPool.slackBytes, budget: budget, for: "an input block")
    }
    if let buffer = free.withLock({ $0?.popLast() }) { return buffer }
    return try PageBuffer(bytes: usualBytes, budget: budget, for: "an input block")
  }

  /// A buffer that is no longer looked at.
  func giveBack(_ buffer: PageBuffer) {
    if buffer.count == PageBuffer.wholePages(usualBytes) { free.withLock { $0?.append(buffer) } }
  }

  /// No more blocks are wanted: the memory of those that aren't in use is given back now, and of the others when they are.
  func close() { free.withLock { $0 = nil } }

  private var usualBytes: Int {
    // Tests cut files into blocks of a byte: those need no room for more.
    blockBytes + min(BlockPool.carryBytes, blockBytes * 16) + BlockPool.slackBytes
  }
}
