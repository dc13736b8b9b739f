/// How the time of an orderly stop is divided, so that a process ends in time whatever is unavailable.
///
/// 1. Calls and streams that have begun may end; what is left of them is cancelled.
/// 2. Running jobs are interrupted and given back to the queue. A job that the store doesn't take back is left to its
///    lease: another worker claims it when the lease has expired, and the fence refuses whatever its former holder still
///    writes.
/// 3. The store is closed.
/// 4. The process ends, whatever still waits. That is as safe as a crash.
public struct ShutdownPlan: Hashable, Sendable {
  /// Milliseconds from the signal to the end of the process.
  public let totalMilliseconds: Int

  public init(totalMilliseconds: Int) { self.totalMilliseconds = totalMilliseconds }

  /// Milliseconds for step 1.
  public var callsMilliseconds: Int { totalMilliseconds / 10 * 6 }
  /// Milliseconds for step 2, counted from its own beginning.
  public var jobsMilliseconds: Int { totalMilliseconds / 10 * 3 }

  /// What a worker does about a write that the store hasn't taken.
  public enum Action: Hashable, Sendable {
    case repeatAfter(milliseconds: Int)
    /// Leave the job to its lease.
    case giveUp
  }

  /// - Parameters:
  ///   - pauseMilliseconds: the pause that the worker would make if there were no stop.
  ///   - sinceStopMilliseconds: since step 2 began; nil: no stop was asked for.
  public func afterFailedWrite(pauseMilliseconds: Int, sinceStopMilliseconds: Int?) -> Action {
    guard let sinceStopMilliseconds else { return .repeatAfter(milliseconds: pauseMilliseconds) }
    let left = jobsMilliseconds - sinceStopMilliseconds
    return left > 0 ? .repeatAfter(milliseconds: min(pauseMilliseconds, left)) : .giveUp
  }
}
