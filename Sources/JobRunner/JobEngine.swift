public import JobQueue
public import Storage
public import TallySchema

/// Does the work of a job. It knows nothing of leases, epochs or stores.
public protocol JobEngine: Sendable {
  /// Prepares one run, whose result goes there.
  ///
  /// - Throws: ``JobFailure``.
  func prepare(_ job: JobRecord, stage: any ResultStage) throws -> any JobRun
}

/// One run of a job.
public protocol JobRun: Sendable {
  /// How far it is now; where it stood in the end, when it has been performed.
  var progress: JobProgress { get }

  /// The files that the job's names stand for now: what patterns match is looked up. It may wait for a disk, and looks whether
  /// its task is cancelled.
  ///
  /// - Throws: ``JobFailure``, `CancellationError`.
  func findInputs() throws -> [InputReading]

  /// Reads these files and does the work, once, on threads of its own. The result is durable when it returns; nothing is left
  /// of it after an error. Cancelling the task ends it.
  ///
  /// - Throws: ``JobFailure``, `CancellationError`.
  func perform(reading inputs: [InputReading]) async throws -> SealedResult
}
