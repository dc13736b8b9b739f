import Schema
import Synchronization

/// One subscriber's end: updates come in from the hub and wait, bounded, until they are asked for.
final class ProgressSubscription: Sendable {
  private struct State {
    var buffer: SubscriberBuffer
    var waiting: CheckedContinuation<Void, Never>?
    /// The wait that is under way has been cancelled.
    var isCancelled = false
    /// The hub serves no more.
    var isFinished = false
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

  /// No more will come: who waits is told.
  func finish() {
    let waiting = state.withLock { state in
      state.isFinished = true
      return state.waiting.take()
    }
    waiting?.resume()
  }

  /// The next update; nil when the task is cancelled, or when the hub has ended. One task asks at a time.
  func next() async -> JobUpdate? {
    while !Task.isCancelled {
      let (update, isFinished) = state.withLock { ($0.buffer.take(), $0.isFinished) }
      if let update { return update }
      if isFinished { return nil }
      await wait()
    }
    return nil
  }

  private func wait() async {
    state.withLock { $0.isCancelled = false }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isReady = state.withLock { state in
          if state.isCancelled || state.isFinished || !state.buffer.updates.isEmpty { return true }
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
