import Synchronization

/// The body of an upload on its way to libcurl, bounded: a task puts pieces in, the loop's thread takes them out.
final class UploadBody: Sendable {
  /// What the loop's thread finds.
  enum Taken: Hashable {
    /// So many bytes were copied; 0: the body is whole.
    case bytes(Int)
    /// Nothing is there yet: the transfer pauses.
    case pause
    /// The sender has given up.
    case abort
  }

  private struct State {
    var rest: ArraySlice<UInt8> = []
    var isWhole = false
    var isAborted = false
    /// The transfer has ended: nobody takes anything any more.
    var isOver = false
    var isPaused = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  /// Bytes of the body; nil: the sender doesn't know.
  let length: Int?
  private let state = Mutex(State())

  init(length: Int?) { self.length = length }

  // MARK: The task's side. One task at a time.

  /// Waits until the other end has asked for the body.
  ///
  /// - Returns: false when the transfer has ended without it.
  /// - Throws: `CancellationError`.
  func isWanted() async throws -> Bool {
    while true {
      try Task.checkCancellation()
      let (isWanted, isOver) = state.withLock { ($0.isPaused, $0.isOver) }
      if isWanted || isOver { return isWanted }
      await change { $0.isPaused }
    }
  }

  /// Waits until the piece before has been taken, and hands over the next.
  ///
  /// - Returns: false when the transfer has ended meanwhile: it takes nothing more.
  /// - Throws: `CancellationError`.
  func send(_ piece: [UInt8], _ transfer: CurlTransfer) async throws -> Bool {
    while true {
      try Task.checkCancellation()
      let (isTaken, isOver, resumes) = state.withLock { state in
        if state.isOver { return (false, true, false) }
        guard state.rest.isEmpty else { return (false, false, false) }
        state.rest = piece[...]
        defer { state.isPaused = false }
        return (true, false, state.isPaused)
      }
      if resumes { transfer.resume() }
      if isTaken || isOver { return isTaken }
      await change { $0.rest.isEmpty }
    }
  }

  /// Nothing comes behind what was sent.
  func finish(_ transfer: CurlTransfer) { end(transfer) { $0.isWhole = true } }

  /// The body will never be whole.
  func abort(_ transfer: CurlTransfer) { end(transfer) { $0.isAborted = true } }

  private func end(_ transfer: CurlTransfer, _ change: (inout State) -> Void) {
    let resumes = state.withLock { state in
      change(&state)
      defer { state.isPaused = false }
      return state.isPaused
    }
    if resumes { transfer.resume() }
  }

  private func change(until condition: @Sendable (borrowing State) -> Bool) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          if condition(state) || state.isOver || Task.isCancelled { return true }
          state.waiting = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      wake { _ in }
    }
  }

  // MARK: The loop's side.

  func take(into buffer: UnsafeMutableRawBufferPointer) -> Taken {
    let (address, room) = (UInt(bitPattern: buffer.baseAddress), buffer.count)
    let (taken, waiting) = state.withLock { state -> (Taken, CheckedContinuation<Void, Never>?) in
      if state.isAborted { return (.abort, nil) }
      if state.rest.isEmpty {
        if state.isWhole { return (.bytes(0), nil) }
        state.isPaused = true
        return (.pause, state.waiting.take())
      }
      let count = min(room, state.rest.count)
      let target = UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(bitPattern: address), count: room)
      state.rest.prefix(count).withUnsafeBytes { target.copyMemory(from: $0) }
      state.rest = state.rest.dropFirst(count)
      return (.bytes(count), state.rest.isEmpty ? state.waiting.take() : nil)
    }
    waiting?.resume()
    return taken
  }

  /// The transfer has ended.
  func end() { wake { $0.isOver = true } }

  private func wake(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      return state.waiting.take()
    }
    waiting?.resume()
  }
}
