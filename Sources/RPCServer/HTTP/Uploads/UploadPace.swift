import NIOCore

/// How fast an upload comes: pure. Only the time counts in which more is asked for and nothing has come: a disk that is slow is
/// no fault of the sender's.
struct UploadPace {
  /// Until then, an average says little.
  private static let secondsLeast = 60.0

  /// Bytes in a second, on average, that must come.
  let bytesPerSecondLeast: Int
  private var waitingSince: NIODeadline?
  private var waitedSeconds = 0.0
  private var bytes = 0

  init(bytesPerSecondLeast: Int) { self.bytesPerSecondLeast = bytesPerSecondLeast }

  /// More is asked for.
  ///
  /// - Returns: whether a wait begins with it; else one goes on, which nothing has ended.
  mutating func asks(at now: NIODeadline) -> Bool {
    if waitingSince != nil { return false }
    waitingSince = now
    return true
  }

  /// Bytes have come, which ends a wait.
  ///
  /// - Returns: false when they are too few by now.
  mutating func takes(_ count: Int, at now: NIODeadline) -> Bool {
    if let start = waitingSince { waitedSeconds += Double((now - start).nanoseconds) / 1e9 }
    waitingSince = nil
    bytes += count
    return waitedSeconds < UploadPace.secondsLeast || Double(bytes) >= waitedSeconds * Double(bytesPerSecondLeast)
  }
}
