import Synchronization

/// An event that happens once, and its listeners.
final class OneShot: Sendable {
  typealias ListenerID = Int

  private struct State {
    var hasHappened = false
    var nextID = 0
    var listeners: [ListenerID: @Sendable () -> Void] = [:]

    mutating func makeID() -> ListenerID {
      nextID += 1
      return nextID
    }
  }

  private let state = Mutex(State())

  func happen() {
    let listeners = state.withLock { state in
      state.hasHappened = true
      defer { state.listeners = [:] }
      return state.listeners.values
    }
    for listener in listeners { listener() }
  }

  /// Calls the body when it happens, or at once if it has; on whatever thread that is.
  func listen(_ body: @escaping @Sendable () -> Void) -> ListenerID {
    let (id, isOver) = state.withLock { state in
      let id = state.makeID()
      if !state.hasHappened { state.listeners[id] = body }
      return (id, state.hasHappened)
    }
    if isOver { body() }
    return id
  }

  /// Removes the listener with that ID.
  func forget(_ id: ListenerID) { _ = state.withLock { $0.listeners.removeValue(forKey: id) } }

  /// Returns when it has happened, or when the task is cancelled.
  func wait() async {
    let id = state.withLock { $0.makeID() }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          // Looked at under the lock, so that a cancellation comes either before this or finds the continuation.
          if state.hasHappened || Task.isCancelled { return true }
          state.listeners[id] = { continuation.resume() }
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.listeners.removeValue(forKey: id) }?()
    }
  }
}
