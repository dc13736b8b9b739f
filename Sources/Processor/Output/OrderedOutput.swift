/// Text on its way to the result's file, from many threads, in the order of the partitions.
///
/// A thread takes a buffer first and the number of a partition then, so that the holder of the lowest number always has
/// one and never waits.
final class OrderedOutput: Sendable {
  /// `@unchecked Sendable`: a buffer belongs to the thread that took it, and changes hands under the monitor's lock.
  final class Buffer: @unchecked Sendable {
    let pages: PageBuffer
    var used = 0
    init(bytes: Int, budget: MemoryBudget) throws(BudgetExceeded) {
      pages = try PageBuffer(bytes: bytes, budget: budget, for: "the output's buffers")
    }
    var end: UnsafeMutableRawPointer { pages.base + used }
    var room: Int { pages.count - used }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pages.base, count: used) }
  }

  private struct State {
    var free: [Buffer]
    var nextTaken = 0
    var nextWritten = 0
    var done: [Int: Buffer] = [:]
    var isWriting = false
    var hasFailed = false
  }

  private let partitions: Int
  private let state: Monitor<State>
  /// Touched only by the thread that has set `isWriting`.
  private nonisolated(unsafe) let writer: ResultWriter

  init(partitions: Int, buffers: Int, bufferBytes: Int, writer: ResultWriter, budget: MemoryBudget) throws {
    self.partitions = partitions
    self.writer = writer
    state = Monitor(State(free: try (0..<buffers).map { _ in try Buffer(bytes: bufferBytes, budget: budget) }))
  }

  /// A buffer and the number of the next partition; nil when there are no more, or another thread has failed.
  func begin() -> (Int, Buffer)? {
    let taken: (Int, Buffer)?? = state.wait { state in
      if state.hasFailed || state.nextTaken == partitions { return .some(nil) }
      guard let buffer = state.free.popLast() else { return nil }
      defer { state.nextTaken += 1 }
      return (state.nextTaken, buffer)
    }
    return taken ?? nil
  }

  /// Writes what the buffer holds when the partition's turn has come, and empties it. Blocks the thread.
  ///
  /// - Throws: ``Abandoned`` when another thread has failed.
  func writeThrough(_ number: Int, _ buffer: Buffer) throws {
    let isTurn = state.wait { state -> Bool? in
      if state.hasFailed { return false }
      guard state.nextWritten == number, !state.isWriting else { return nil }
      state.isWriting = true
      return true
    }
    guard isTurn else { throw Abandoned() }
    defer { state.withLock { $0.isWriting = false } }
    try writer.write(buffer.bytes)
    buffer.used = 0
  }

  /// Hands over the rest of a partition's text. Returns at once unless it is this thread's turn to write.
  func finish(_ number: Int, _ buffer: Buffer) throws {
    state.withLock { $0.done[number] = buffer }
    while let (buffer, _) = takeTurn() {
      defer { endTurn(buffer) }
      try writer.write(buffer.bytes)
      buffer.used = 0
    }
  }

  /// No more will come: who waits is told.
  func fail() { state.withLock { $0.hasFailed = true } }

  private func takeTurn() -> (Buffer, Int)? {
    state.withLock { state in
      guard !state.isWriting, !state.hasFailed, let buffer = state.done.removeValue(forKey: state.nextWritten) else {
        return nil
      }
      state.isWriting = true
      return (buffer, state.nextWritten)
    }
  }

  private func endTurn(_ buffer: Buffer) {
    state.withLock { state in
      state.isWriting = false
      state.nextWritten += 1
      state.free.append(buffer)
    }
  }

  /// Another thread has failed, and its reason is the run's.
  struct Abandoned: Error {}
}
