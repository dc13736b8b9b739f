public import JobQueue
public import Storage
import TallySchema

/// An output that nobody publishes as long as the value lives.
public struct HeldOutput: Sendable {
  private let hold: any OutputHold
  /// Whether the output's name shows the job's result already: its publisher has died, or the store hasn't heard of it.
  public let showsResult: Bool

  /// Takes the output's lock, without waiting for it.
  ///
  /// - Returns: nil when another holder has it, or the job has no output.
  /// - Throws: ``SystemCallError``.
  public init?(of job: JobRecord, in storage: any OutputStorage) throws {
    guard let output = job.spec.output, let hold = try storage.holdNow(output) else { return nil }
    self.hold = hold
    showsResult = job.result.map { storage.shows($0.file, as: output) } ?? false
  }
}
