import TallySchema

/// When a call is sent again, and after how long: pure. Only calls that may be repeated are: those that read, those
/// whose second time changes nothing, and submissions with an idempotency key.
public struct RetryPolicy: Hashable, Sendable {
  /// How often a call is sent, at the most.
  public var attempts: Int
  /// Before the second attempt; doubles each time.
  public var firstPauseMilliseconds: Int
  /// The longest pause.
  public var pauseMillisecondsMost: Int

  /// A policy with these properties.
  public init(attempts: Int = 3, firstPauseMilliseconds: Int = 100, pauseMillisecondsMost: Int = 5_000) {
    self.attempts = attempts
    self.firstPauseMilliseconds = firstPauseMilliseconds
    self.pauseMillisecondsMost = pauseMillisecondsMost
  }

  /// Each call is sent once.
  public static let never = RetryPolicy(attempts: 1)

  /// Milliseconds to wait before the next attempt; nil: there is none.
  ///
  /// - Parameters:
  ///   - attempt: the one that failed, from 1.
  ///   - random: from 0 to 1; spreads the pauses of many clients.
  public func pause(after error: RPCClientError, attempt: Int, isRepeatable: Bool, random: Double) -> Int? {
    guard isRepeatable, error.status == .unavailable, attempt < attempts else { return nil }
    return pause(attempt: attempt, atLeast: error.retryAfterMilliseconds ?? 0, random: random)
  }

  func pause(attempt: Int, atLeast: Int, random: Double) -> Int {
    let doubled = min(firstPauseMilliseconds << min(attempt - 1, 16), pauseMillisecondsMost)
    return max(atLeast, Int(Double(doubled) * (0.5 + random / 2)))
  }
}
