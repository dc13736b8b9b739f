import Synchronization
import TallySchema

/// One subscriber's end: updates come in from the hub and wait, bounded, until they are asked for.
final class ProgressSubscription: Sendable {
  private struct State {
    var buffer: SubscriberBuffer
    var waiting: CheckedContinuation<Void, Never>?
    /// The wait that is under way has been cancelled.
    var isCancelled = false
    /// Why nothing more will come.
    var end: RPCError?
  }

  private let state: Mutex<State>

  init(limit: Int) { state = Mutex(State(buffer: SubscriberBuffer(limit: limit))) }

  func offer(_ updates: [JobUpdate]) {
    let waiting = state.withLock { state in
      for update in updates { state.buffer.offer(update) }
      return state.waiting.take()
    }
    waiting?.resume()
  }

  /// No more will come: who waits is told why.
  func finish(_ error: RPCError) {
    let waiting = state.withLock { state in
      state.end = state.end ?? error
      return state.waiting.take()
    }
    waiting?.resume()
  }

  /// The next update. One task asks at a time.
  ///
  /// - Throws: `CancellationError`; why the hub has ended the subscription.
  func next() async throws -> JobUpdate {
    while true {
      try Task.checkCancellation()
      let (update, end) = state.withLock { ($0.buffer.take(), $0.end) }
      if let update { return update }
      if let end { throw end }
      await wait()
    }
  }

  private func wait() async {
    state.withLock { $0.isCancelled = false }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          if state.isCancelled || state.end != nil || !state.buffer.updates.isEmpty { return true }
          state.waiting = continuation
          return false
        }
        if isReady { continuation.resume() }
      }
    } onCancel: {
      let waiting = state.withLock { state in
        state.isCancelled = true
        return state.waiting.take()
      }
      waiting?.resume()
    }
  }
}
