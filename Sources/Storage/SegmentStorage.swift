public import TallySchema

/// Where the bytes of uploads are kept that come in pieces: each request's in a file of its own, in a folder of the upload's.
/// Which of these files count, and up to where, is decided by the job store's journal and nowhere else. Everything here may
/// wait for a disk or a network.
public protocol SegmentStorage: Sendable {
  /// Makes a file, which must not exist, in the upload's folder.
  ///
  /// - Throws: ``JobFailure``.
  func makeSegment(_ file: String, ofUpload id: String) throws(JobFailure) -> any SegmentFile
  /// Opens a segment's file for reading.
  ///
  /// - Throws: ``JobFailure``.
  func openSegment(_ file: String, ofUpload id: String) throws(JobFailure) -> any InputObject
  /// The IDs of uploads that have a folder.
  func storedUploads() throws -> [String]
  /// The files in an upload's folder; empty where it has gone meanwhile.
  func storedSegments(ofUpload id: String) throws -> [StagedFile]
  /// Removes one file, which may have gone.
  func removeSegment(_ file: String, ofUpload id: String)
  /// Removes an upload's folder, where no file is left in it.
  func removeEmptyUpload(_ id: String)
}

extension SegmentStorage {
  /// Removes all files of an upload: nobody reads them any more, but for those who have them open.
  public func removeSegments(ofUpload id: String) {
    for file in (try? storedSegments(ofUpload: id)) ?? [] { removeSegment(file.name, ofUpload: id) }
    removeEmptyUpload(id)
  }
}

/// A file that grows at its end. It stays when it is let go.
public protocol SegmentFile: AnyObject, Sendable {
  /// Writes all of the bytes at an offset. One caller at a time.
  ///
  /// - Throws: ``JobFailure`` DISK_FULL, OUTPUT_FAILED.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(JobFailure)
  /// Makes durable what was written before it was called, and the file's name. More may be written meanwhile.
  ///
  /// - Throws: ``JobFailure``: then nothing is known of what was written since the last time.
  func synchronize() throws(JobFailure)
  /// Removes it.
  func discard()
}
