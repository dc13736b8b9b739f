import Synchronization

/// Wakes all waiting tasks when something has changed. The signal carries no details: each task reads the changes
/// itself.
public final class ChangeSignal: Sendable {
  private struct State {
    var next = 0
    var waiters: [Int: AsyncStream<Void>.Continuation] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  public func notify() {
    for waiter in state.withLock({ Array($0.waiters.values) }) { waiter.yield() }
  }

  /// An element for changes since the one before, however many they were; the first at once. Ends with its task.
  public func wakeups() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state in
      state.next += 1
      state.waiters[state.next] = continuation
      return state.next
    }
    continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.waiters.removeValue(forKey: id) } }
    continuation.yield()
    return stream
  }

  /// How many wait.
  public var waiterCount: Int { state.withLock { $0.waiters.count } }
}
