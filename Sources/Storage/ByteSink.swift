public import TallySchema

/// A file of a result that is being written. Nobody sees it before it is sealed and published; one that is neither sealed nor
/// held any more leaves nothing.
public protocol ByteSink: AnyObject, Sendable {
  /// Writes all of the bytes at an offset. One caller at a time; what is written is a row of pieces of a mebibyte each, and
  /// then the rest, which is the last and may be empty.
  ///
  /// - Throws: ``JobFailure`` DISK_FULL, OUTPUT_FAILED.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, isLast: Bool) throws(JobFailure)
  /// Makes it durable, and readable by these: bits of a file's mode. Nothing is written after that.
  ///
  /// - Throws: ``JobFailure``: then nothing is known of it, and it is given up.
  func seal(permissions: UInt32) throws(JobFailure)
  /// Removes it, sealed or not.
  func discard()
}

/// Where a run writes: each file is made once.
public protocol ResultStage: Sendable {
  /// The result's file, as the job's record will name it.
  var file: String { get }
  /// - Throws: ``JobFailure``, also when it is there already.
  func makeResult() throws(JobFailure) -> any ByteSink
  /// The file of rejected rows beside it, where the job collects them.
  ///
  /// - Throws: ``JobFailure``.
  func makeRejects() throws(JobFailure) -> any ByteSink
}
