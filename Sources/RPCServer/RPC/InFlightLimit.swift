import Synchronization
import TallySchema

/// The calls that are being answered, and how many may be.
final class InFlightLimit: Sendable {
  let most: Int
  private let running = Atomic(0)

  init(_ most: Int) { self.most = most }

  var count: Int { running.load(ordering: .relaxed) }

  /// False: there are too many; nothing is taken then.
  func take() -> Bool {
    if running.add(1, ordering: .relaxed).newValue <= most { return true }
    running.subtract(1, ordering: .relaxed)
    return false
  }

  /// The error of a call that exceeds the limit.
  static func tooManyCalls(_ most: Int) -> RPCError {
    RPCError(
      .resourceExhausted, reason: "TOO_MANY_CALLS",
      "\(most) calls are being answered, which is the limit (callsInFlight). Try again.", retryAfterMilliseconds: 1_000)
  }

  func giveBack() { running.subtract(1, ordering: .relaxed) }
}
