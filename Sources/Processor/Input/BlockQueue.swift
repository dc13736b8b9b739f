/// Blocks on their way from the reader to the workers, bounded in bytes: the reader waits while the workers are behind.
final class BlockQueue: Sendable {
  private struct State {
    /// Nil where a block has been taken, so that its memory goes when its worker is done.
    var blocks: [InputBlock?] = []
    var head = 0
    var bytes = 0
    var isClosed = false
  }

  let limitBytes: Int
  private let state = Monitor(State())

  init(limitBytes: Int) { self.limitBytes = limitBytes }

  var queuedBytes: Int { state.withLock { $0.bytes } }

  /// Hands a block over once there is room (one block always fits); false when nobody wants more.
  func push(_ block: InputBlock) -> Bool {
    state.wait { state in
      if state.isClosed { return false }
      guard state.bytes == 0 || state.bytes + block.queuedBytes <= limitBytes else { return nil }
      state.blocks.append(block)
      state.bytes += block.queuedBytes
      return true
    }
  }

  /// The next block in the file's order; nil when there are no more.
  func pop() -> InputBlock? {
    let next: InputBlock?? = state.wait { state in
      guard state.head < state.blocks.count else { return state.isClosed ? .some(nil) : nil }
      guard let block = state.blocks[state.head].take() else { return .some(nil) }
      state.head += 1
      state.bytes -= block.queuedBytes
      if state.head >= 64 {
        state.blocks.removeFirst(state.head)
        state.head = 0
      }
      return block
    }
    return next ?? nil
  }

  /// No more blocks. What is queued is still handed out, unless it is to be dropped.
  func close(dropping: Bool = false) {
    state.withLock { state in
      state.isClosed = true
      if dropping {
        state.blocks = []
        state.head = 0
        state.bytes = 0
      }
    }
  }
}
