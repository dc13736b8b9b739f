public import TallySchema

/// Where inputs are: it lists them, and opens what names stand for. Everything here may wait for a disk or a network.
public protocol InputStorage: Sendable {
  /// Tells whether work is to end; asked for each entry that is looked at.
  typealias Stopping = @Sendable () -> Bool

  /// Checks that the storage is where it was.
  ///
  /// - Throws: ``JobFailure``, which passes.
  func checkInPlace() throws(JobFailure)
  /// The inputs whose names begin so and come after another name, in order of their bytes, at most that many.
  ///
  /// - Throws: what the system says; `CancellationError` when it is to stop.
  func list(prefix: String, after last: String?, most: Int, isStopping: Stopping) throws -> [InputEntry]
  /// The names of a job's inputs: each exact name, and every input that a pattern matches, in order of their bytes. What the
  /// job itself writes is no input of its own.
  ///
  /// - Throws: ``JobFailure``, also when a pattern matches nothing, or there are more inputs or entries than the limits.
  func inputNames(_ spec: JobSpec, limits: Limits, isStopping: @escaping Stopping) throws(JobFailure) -> [String]
  /// The same with which input each is.
  ///
  /// - Throws: ``JobFailure``; `CancellationError` when it is to stop.
  func readings(of spec: JobSpec, limits: Limits, isStopping: @escaping Stopping) throws -> [InputReading]
  /// Opens an input by its name.
  ///
  /// - Throws: ``JobFailure``: INPUT_NOT_FOUND, INPUT_NOT_A_FILE, INPUT_NOT_READABLE.
  func openObject(_ name: String) throws(JobFailure) -> any InputObject
  /// Opens what a run reads.
  ///
  /// - Throws: as ``openObject(_:)-(String)``; ABORTED when the name stands for another input by now.
  func openObject(_ input: InputReading) throws(JobFailure) -> any InputObject
}

/// An input that a name leads to.
public struct InputEntry: Hashable, Sendable {
  public var name: String
  public var bytes: Int
  public var modifiedAt: Timestamp

  public init(name: String, bytes: Int, modifiedAt: Timestamp) {
    self.name = name
    self.bytes = bytes
    self.modifiedAt = modifiedAt
  }
}
