/// The state of a job. Nothing leaves a final state but by `retryJob`.
public enum JobState: OpenChoice {
  /// For its start time.
  case waiting
  /// For a worker.
  case queued
  /// A worker is at it, or its result is about to be shown.
  case running
  /// The output is there.
  case succeeded
  /// An error has ended it.
  case failed
  /// A caller has ended it.
  case cancelled
  /// A state that a newer server has named. Whoever waits for the job goes on waiting.
  case other(String)

  /// The values that this version knows.
  public static let allCases: [JobState] = [.waiting, .queued, .running, .succeeded, .failed, .cancelled]

  /// The value's name on the wire.
  public var rawValue: String {
    switch self {
    case .waiting: "waiting"
    case .queued: "queued"
    case .running: "running"
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .cancelled: "cancelled"
    case .other(let name): name
    }
  }

  /// The job has ended: nothing changes it but `retryJob`.
  public var isFinal: Bool { self == .succeeded || self == .failed || self == .cancelled }
}
