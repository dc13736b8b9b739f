import Synchronization
import TallySchema
import Uploads

/// What one request journals of the bytes that it sends: one segment, which grows.
final class SegmentJournal: Sendable {
  /// The upload when the request took it over.
  let upload: UploadRecord
  /// The segment's file.
  let file: String
  private let store: any UploadStore
  private let state = Mutex(State())

  private struct State {
    var latest: UploadRecord?
    /// An entry was asked for. Whatever the answer, it may be there: that of an earlier try may have been lost, and the answer be
    /// about the second.
    var hasAsked = false
  }

  init(_ upload: UploadRecord, file: String, store: any UploadStore) {
    self.upload = upload
    self.file = file
    self.store = store
  }

  /// The upload as this request has left it.
  var record: UploadRecord { state.withLock { $0.latest } ?? upload }
  /// Whether it is certain that nothing of the request's bytes counts. Else the janitor looks after the file.
  var isEmpty: Bool { state.withLock { !$0.hasAsked } }

  /// Makes what is durable a part of the upload.
  ///
  /// - Throws: ``SegmentReceiver/Superseded``; `StoreUnavailable`.
  func add(_ checkpoint: SegmentWriter.Checkpoint) async throws {
    let segment = UploadSegment(
      upload: upload.id, start: upload.received, bytes: checkpoint.bytes, file: file, sha256: checkpoint.sha256)
    state.withLock { $0.hasAsked = true }
    switch try await store.append(segment, epoch: upload.epoch) {
    case .applied(let upload): state.withLock { $0.latest = upload }
    case .stale: throw SegmentReceiver.Superseded()
    }
  }

  /// Looks whether another request has taken over. A store that is away says nothing.
  ///
  /// - Throws: ``SegmentReceiver/Superseded``.
  func look() async throws {
    let now: UploadRecord?
    do { now = try await store.upload(upload.id) } catch { return }
    if now?.epoch != upload.epoch { throw SegmentReceiver.Superseded() }
  }
}
