import Synchronization

/// Remembers when a runner was told to stop.
final class StopClock: Sendable {
  private let start = Mutex<ContinuousClock.Instant?>(nil)

  func begin() { start.withLock { $0 = $0 ?? .now } }

  /// Milliseconds since the beginning of the stop; nil: there is none.
  var elapsedMilliseconds: Int? {
    start.withLock { $0 }.map { Int((ContinuousClock.now - $0) / .milliseconds(1)) }
  }
}
