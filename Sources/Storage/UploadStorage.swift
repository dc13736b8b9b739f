public import TallySchema

/// Where files that callers send are kept until they are whole. They are shown under their names as results are
/// (``OutputStorage``). Everything here may wait for a disk or a network.
public protocol UploadStorage: OutputStorage, SegmentStorage {
  /// Bytes that there is room for.
  ///
  /// - Throws: ``JobFailure`` when that can't be told.
  func freeBytes() throws(JobFailure) -> Int
  /// Checks that a name could be given a file, as far as that is known before there is one: what stands in its way is no folder, or
  /// is no file itself.
  ///
  /// - Throws: ``JobFailure`` NAME_NOT_POSSIBLE.
  func checkPlace(of name: String) throws(JobFailure)
  /// Names a file for one upload, which nothing else has, and where it is written.
  ///
  /// - Throws: ``SystemCallError``.
  func stageUpload() throws -> any ResultStage
  /// Removes an upload's file; a name that shows it goes on showing it.
  func removeUpload(_ file: String)
  /// Makes the folders of a name that are missing.
  ///
  /// - Throws: ``JobFailure`` when a part of it is no folder, or it can't be made.
  func makeFolders(of name: String) throws(JobFailure)
  /// Removes the files of uploads that were last written so long ago: what processes have left that died.
  ///
  /// - Returns: how many.
  func removeUploads(olderThanSeconds seconds: Int) throws -> Int
}
