import Synchronization
public import TallySchema

/// Whether blocking work is to end: set by whoever waits for it, asked at least every 50 ms by every loop that reads, expands,
/// skips or computes, also by those that yield nothing.
public final class Interruption: Sendable {
  private let flag = Atomic(false)

  public init() {}

  /// Asks the work to end.
  public func set() { flag.store(true, ordering: .relaxed) }

  public var isSet: Bool { flag.load(ordering: .relaxed) }

  /// - Throws: ``JobFailure`` CANCELLED once the work is to end.
  public func check() throws(JobFailure) { if isSet { throw Interruption.failure } }

  /// What interrupted work throws; whoever has set the interruption knows why.
  static let failure = JobFailure(.cancelled, reason: "CANCELLED", "The work was cancelled.")
}
