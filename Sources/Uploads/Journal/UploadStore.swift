import JobQueue
import TallySchema

/// Keeps the journal of uploads, in the same store as the jobs, with the same transactions. What a method has returned is on
/// disk. Its clock is the only one.
public protocol UploadStore: Sendable {
  /// Makes an upload. The same list of parts of the same owner again is the final upload that is there already.
  ///
  /// - Throws: ``UploadRefusal``; `StoreUnavailable`.
  func createUpload(_ creation: UploadCreation) async throws -> UploadRecord
  /// - Returns: nil: there is none, or its name was given up.
  func upload(_ id: String) async throws -> UploadRecord?
  /// The files that an upload's bytes are in, in order, up to the first byte that hasn't come: of a final upload, those of its
  /// parts.
  func segments(ofUpload id: String) async throws -> [UploadSegment]
  /// Takes the writing over, for a request whose bytes begin at an offset.
  ///
  /// - Throws: ``UploadRefusal``; `StoreUnavailable`.
  func beginAppending(toUpload id: String, at offset: Int, length: Int?) async throws -> UploadLifecycle.Start
  /// Makes bytes that are on disk a part of the upload.
  func append(_ segment: UploadSegment, epoch: Int) async throws -> UploadLifecycle.Append
  /// Gives an upload's name up. Nobody writes to it any more.
  ///
  /// - Returns: the IDs of uploads whose files nobody needs any more.
  /// - Throws: ``UploadRefusal/notFound``; `StoreUnavailable`.
  func deleteUpload(_ id: String) async throws -> [String]
  /// Gives up uploads for which nothing has come for as long as ``Limits/uploadExpiryMilliseconds``, at most that many, and
  /// forgets those that were given up as long ago.
  ///
  /// - Returns: as ``deleteUpload(_:)``.
  func expireUploads(most: Int) async throws -> [String]
  /// What each of these uploads needs in its folder; nothing for one that is gone or has expired.
  func files(ofUploads ids: [String]) async throws -> [String: UploadFiles]
}

extension UploadStore {
  /// An owner's upload of that ID; nil: there is none, or it is another owner's. The one place where a caller's ID and its
  /// owner are checked.
  ///
  /// - Throws: `StoreUnavailable`.
  public func upload(_ id: String, of owner: String) async throws -> UploadRecord? {
    guard JobID.isPlausible(id), let upload = try await upload(id), upload.owner.hasSameBytes(as: owner) else {
      return nil
    }
    return upload
  }
}
