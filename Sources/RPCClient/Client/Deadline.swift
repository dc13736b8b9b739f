import TallySchema

/// The end of a call, with all that it tries until then.
struct Deadline {
  private let end: ContinuousClock.Instant?
  /// Why the call hasn't succeeded yet.
  var lastFailure: RPCClientError?

  /// - Parameter milliseconds: nil: there is no end.
  init(milliseconds: Int?) {
    end = milliseconds.map { .now + .milliseconds(min($0, Deadline.millisecondsMost)) }
  }

  /// Milliseconds; a year, so that sums of them are numbers.
  static let millisecondsMost = 31_536_000_000

  /// Milliseconds from now on, at least one; nil: there is no end.
  ///
  /// - Throws: ``expired()``.
  func left() throws -> Int? {
    guard let end else { return nil }
    let left = (end - .now) / .milliseconds(1)
    if left <= 0 { throw expired() }
    return max(1, Int(left))
  }

  /// Whether there is time left after a pause.
  func allows(_ milliseconds: Int) -> Bool { end.map { .now + .milliseconds(milliseconds) < $0 } ?? true }

  /// What has failed last is told: it is why there was no answer in time.
  func expired() -> RPCClientError {
    let cause = lastFailure.map { " The last attempt: \($0.message)" } ?? ""
    return .local(
      RPCLocalError(
        .timeout, .deadlineExceeded, reason: "DEADLINE_EXCEEDED", "There was no answer in time.\(cause)"))
  }
}
