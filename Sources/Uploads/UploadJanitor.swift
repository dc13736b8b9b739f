public import Storage

/// Removes what uploads in pieces leave behind: the files of those that were given up, and files that no journal names, of
/// requests that broke off or that another request has taken over from.
public struct UploadJanitor: Sendable {
  /// Uploads that are looked at together.
  private static let step = 100

  private let storage: any SegmentStorage
  private let store: any UploadStore
  private let orphanSeconds: Int

  /// - Parameter orphanSeconds: for which a file that the journal doesn't name is left alone: it may be one that is being
  ///   written.
  public init(storage: any SegmentStorage, store: any UploadStore, orphanSeconds: Int = 3_600) {
    self.storage = storage
    self.store = store
    self.orphanSeconds = orphanSeconds
  }

  /// Gives up uploads that nothing has come for in time, with their files.
  ///
  /// - Returns: how many.
  /// - Throws: `StoreUnavailable`.
  public func expire() async throws -> Int {
    var expired = 0
    while true {
      let ids = try await store.expireUploads(most: UploadJanitor.step)
      for id in ids { storage.removeSegments(ofUpload: id) }
      expired += ids.count
      if ids.isEmpty { return expired }
    }
  }

  /// Whether nobody can make a file a part of its upload any more. However old it is, who writes it in the upload's own epoch
  /// may only have been stopped for a while.
  private func isOrphan(_ file: String, _ upload: UploadFiles?) -> Bool {
    guard let upload else { return true }
    return !upload.names.contains(file) && UploadSegment.epoch(ofFile: file).map { $0 < upload.epoch } ?? true
  }

  /// Removes files that no journal names.
  ///
  /// - Throws: `StoreUnavailable`; what the system says.
  public func sweep() async throws {
    var rest = try storage.storedUploads()[...]
    while !rest.isEmpty {
      let ids = Array(rest.prefix(UploadJanitor.step))
      rest = rest.dropFirst(ids.count)
      // Looked at before the journal is asked: what is made meanwhile is young.
      let stored = try ids.map { ($0, try storage.storedSegments(ofUpload: $0)) }
      let known = try await store.files(ofUploads: ids)
      for (id, files) in stored {
        for file in files where file.ageSeconds > orphanSeconds && isOrphan(file.name, known[id]) {
          storage.removeSegment(file.name, ofUpload: id)
        }
        storage.removeEmptyUpload(id)
      }
    }
  }
}
