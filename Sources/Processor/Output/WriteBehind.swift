import Storage
import TallySchema

/// Writes full pieces to a file one after the other, on a thread of its own; without a thread, on the caller's.
final class WriteBehind: Sendable {
  private struct State {
    var waiting: PageBuffer?
    var spare: PageBuffer?
    var offset = 0
    var isEnded = false
    /// Of the first write that failed.
    var failure: JobFailure?
  }

  private let sink: any ByteSink
  private let state: Monitor<State>
  private let thread: ThreadGroup.Handle?

  /// - Parameter spare: for the caller, while its first piece is written.
  init(_ sink: any ByteSink, spare: PageBuffer) {
    self.sink = sink
    let state = Monitor(State(spare: spare))
    self.state = state
    thread = ThreadGroup.begin { WriteBehind.run(state, sink) }
  }

  /// Hands a full piece over and gives one to fill, once there is one.
  ///
  /// - Throws: ``JobFailure`` when a write has failed.
  func exchange(_ piece: PageBuffer) throws(JobFailure) -> PageBuffer {
    guard thread != nil else {
      let offset = state.withLock { state in
        defer { state.offset += piece.count }
        return state.offset
      }
      try sink.write(WriteBehind.bytes(of: piece), at: offset, isLast: false)
      return piece
    }
    let taken: Result<PageBuffer, JobFailure> = state.wait { state in
      if let failure = state.failure { return .failure(failure) }
      guard state.waiting == nil, let spare = state.spare.take() else { return nil }
      state.waiting = piece
      return .success(spare)
    }
    return try taken.get()
  }

  /// Waits until all is written; returns why it wasn't. May be called again.
  func end() -> JobFailure? {
    state.withLock { $0.isEnded = true }
    thread?.join()
    return state.withLock { $0.failure }
  }

  private static func run(_ state: Monitor<State>, _ sink: any ByteSink) {
    while true {
      let next: (PageBuffer, Int)?? = state.wait { state in
        if let waiting = state.waiting.take() { return (waiting, state.offset) }
        return state.isEnded ? .some(nil) : nil
      }
      guard let (piece, offset) = next ?? nil else { return }
      var failure: JobFailure?
      do throws(JobFailure) {
        try sink.write(bytes(of: piece), at: offset, isLast: false)
      } catch let error {
        failure = error
      }
      state.withLock { state in
        state.failure = failure
        state.offset += piece.count
        state.spare = piece
      }
      if failure != nil { return }
    }
  }

  private static func bytes(of piece: PageBuffer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: piece.base, count: piece.count)
  }
}
