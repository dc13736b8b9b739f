public import TallySchema

/// Where results are staged, and shown under their outputs' names. Which result a name is to show is decided by the job store
/// and nowhere else: a storage does what it is told under the name's lock. Everything here may wait for a disk or a network.
public protocol OutputStorage: Sendable {
  /// Checks that the storage is where it was.
  ///
  /// - Throws: ``JobFailure``, which passes.
  func checkInPlace() throws(JobFailure)
  /// Checks that a result could be shown under a name.
  ///
  /// - Returns: whether the name stands for a file now.
  /// - Throws: ``JobFailure``: OUTPUT_FOLDER_NOT_FOUND, OUTPUT_NOT_A_FILE, or OUTPUT_IS_INPUT when it stands for that input.
  @discardableResult
  func checkOutput(_ name: String, input: any InputObject) throws(JobFailure) -> Bool
  /// Which file a name stands for, as ``InputReading/identity`` has it; nil: none.
  ///
  /// - Throws: ``JobFailure`` when that can't be told.
  func identity(of name: String) throws(JobFailure) -> String?

  /// Names a file for the result of one run, which nothing else has, and where it is written.
  func stage(job: String, epoch: Int) throws -> any ResultStage
  /// Opens a result's file for reading.
  func openResult(_ file: String) throws -> any InputObject
  /// Removes a result's files, and what was staged for its job where that was all.
  func removeResult(_ file: String, of job: String)

  /// Takes a name's lock, which goes with its holder's death.
  ///
  /// - Parameter atMostMilliseconds: to wait for another holder, which may have been stopped.
  /// - Returns: nil when it is still held then.
  func hold(_ output: String, atMostMilliseconds: Int) async throws -> (any OutputHold)?
  /// The same without waiting for another holder.
  func holdNow(_ output: String) throws -> (any OutputHold)?
  /// Makes a name show a result's file, in one step and for good. Repeatable.
  ///
  /// - Parameters:
  ///   - temporary: a name that belongs to this result alone.
  ///   - passed: told of each step, for tests that end the process there.
  func show(
    _ result: String, as output: String, temporary: String, passed: (ShowingStep) -> Void) throws(SystemCallError)
  /// Whether a name shows that result's file.
  func shows(_ result: String, as output: String) -> Bool
  /// Removes a name where it shows that result's file.
  func hide(_ output: String, showing result: String) throws

  /// The IDs of jobs for which something is staged.
  func stagedJobs() throws -> [String]
  /// What is staged for a job; empty where it has gone meanwhile.
  func stagedFiles(of job: String) throws -> [StagedFile]
  /// - Returns: false when it has gone meanwhile.
  func removeStaged(_ file: String, of job: String) throws -> Bool
  /// Removes what holds a job's staged files, where none is left.
  func removeEmptyStage(of job: String)
}

/// A name's lock, held as long as the value lives.
public protocol OutputHold: Sendable {}

/// A staged file.
public struct StagedFile: Hashable, Sendable {
  /// The last part of its name.
  public var name: String
  /// Since it was last written.
  public var ageSeconds: Int

  public init(name: String, ageSeconds: Int) {
    self.name = name
    self.ageSeconds = ageSeconds
  }
}

/// A step on a result's way to its name.
public enum ShowingStep: Sendable {
  case linked, renamed, unlinked, synced
}
