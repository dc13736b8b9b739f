import Synchronization

/// One transfer, seen from both sides: the loop's thread puts head and body in, a task takes them out.
final class CurlTransfer: Sendable {
  private struct State {
    var parser = HeadParser()
    var buffer: BodyBuffer
    var end: Result<Void, TransferError>?
    var waiting: CheckedContinuation<Void, Never>?
    /// Counts what has come, so that nothing that comes between a look and a wait is slept through.
    var changes = 0
  }

  let id: Int
  let request: HTTPRequestMessage
  private let loop: CurlLoop
  private let state: Mutex<State>

  init(id: Int, request: HTTPRequestMessage, loop: CurlLoop, bufferBytes: Int) {
    self.id = id
    self.request = request
    self.loop = loop
    state = Mutex(State(buffer: BodyBuffer(limitBytes: bufferBytes)))
  }

  // MARK: The task's side. One task at a time.

  /// The response's head, once it has come.
  ///
  /// - Throws: ``TransferError``, `CancellationError`.
  func head() async throws -> HTTPResponseHead {
    try await wait { state in
      if state.parser.isComplete { return state.parser.head }
      try state.end?.get()
      return state.end == nil ? nil : state.parser.head
    }
  }

  /// The next piece of the body; nil at its end.
  ///
  /// - Throws: ``TransferError``, `CancellationError`.
  func nextPiece() async throws -> [UInt8]? {
    let taken: (piece: [UInt8], resumes: Bool)?? = try await wait { state in
      if !state.buffer.bytes.isEmpty { return .some(state.buffer.take()) }
      try state.end?.get()
      return state.end == nil ? nil : .some(nil)
    }
    guard let taken = taken ?? nil else { return nil }
    if taken.resumes { loop.resume(self) }
    return taken.piece
  }

  /// Ends the transfer, if it hasn't ended.
  func cancel() { loop.cancel(self) }

  /// Goes on with a transfer that paused.
  func resume() { loop.resume(self) }

  private func wait<Value: Sendable>(_ look: (inout State) throws -> Value?) async throws -> Value {
    while true {
      if Task.isCancelled {
        cancel()
        throw CancellationError()
      }
      let (value, seen) = try state.withLock { (try look(&$0), $0.changes) }
      if let value { return value }
      await change(after: seen)
    }
  }

  private func change(after seen: Int) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          if state.changes != seen { return true }
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

  func receive(headLine line: UnsafeRawBufferPointer) { wake { $0.parser.feed(line) } }

  /// False: there is no room, and the transfer pauses.
  func receive(_ piece: UnsafeRawBufferPointer) -> Bool {
    var isTaken = false
    wake { isTaken = $0.buffer.offer(piece) }
    return isTaken
  }

  func finish(_ result: Result<Void, TransferError>) {
    request.upload?.end()
    wake { $0.end = $0.end ?? result }
  }

  private func wake(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      state.changes += 1
      return state.waiting.take()
    }
    waiting?.resume()
  }
}
