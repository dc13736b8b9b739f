public import JobQueue
public import TallySchema

/// What becomes of an upload, and when: pure, values in and values out. Every store applies these rules inside its
/// transactions, so that no store has rules of its own.
public struct UploadLifecycle: Sendable {
  /// Final uploads that one part may belong to: each of them is looked at when bytes come for it.
  static let listsMost = 16

  private let limits: Limits

  public init(limits: Limits) { self.limits = limits }

  /// The start of a request that appends bytes. In both cases the epoch has gone up: a request that was writing before
  /// journals nothing any more, so that the offset is final.
  public enum Start: Hashable, Sendable {
    case begun(UploadRecord)
    /// The request's offset isn't where the upload ends.
    case wrongOffset(UploadRecord)

    public var upload: UploadRecord {
      switch self {
      case .begun(let upload), .wrongOffset(let upload): upload
      }
    }
  }

  public enum Append: Hashable, Sendable {
    case applied(UploadRecord)
    /// Another request has taken over, or the upload is gone: nothing has changed.
    case stale
  }

  /// A new upload.
  ///
  /// - Throws: ``UploadRefusal``.
  public func admit(_ creation: UploadCreation, id: String, now: Timestamp) throws(UploadRefusal) -> UploadRecord {
    if let length = creation.length, length > limits.uploadBytes { throw .tooLarge(limit: limits.uploadBytes) }
    if let parts = creation.parts, parts.count > limits.uploadParts { throw .tooManyParts(limit: limits.uploadParts) }
    var upload = UploadRecord(
      id: id, owner: creation.owner, kind: creation.kind, metadata: creation.metadata, parts: creation.parts,
      length: creation.length, createdAt: now)
    if upload.length == 0 { upload.completedAt = now }
    return upload
  }

  /// Checks what a final upload is to be made of, and makes it one with those bytes.
  ///
  /// - Parameters:
  ///   - upload: as ``admit(_:id:now:)`` has made it.
  ///   - found: the uploads of the list's IDs, as far as there are any.
  ///   - lists: in which the one of them is that is in the most.
  /// - Throws: ``UploadRefusal``.
  public func join(
    _ upload: UploadRecord, found: [UploadRecord], lists: Int, now: Timestamp
  ) throws(UploadRefusal) -> UploadRecord {
    if lists >= UploadLifecycle.listsMost { throw .tooManyLists(limit: UploadLifecycle.listsMost) }
    let known = Dictionary(found.map { ($0.id, $0) }) { first, _ in first }
    var parts: [UploadRecord] = []
    for id in upload.parts ?? [] {
      guard let part = known[id], part.isNamed, part.owner.hasSameBytes(as: upload.owner), part.expiredAt == nil else {
        throw .partNotFound(id: id)
      }
      guard part.kind == .partial else { throw .partIsNotPartial(id: id) }
      if parts.contains(where: { $0.id == part.id }) { throw .partTwice(id: id) }
      parts.append(part)
    }
    var upload = upload
    upload.received = parts.reduce(0) { $0 + $1.received }
    upload.length = parts.allSatisfy { $0.length != nil } ? parts.reduce(0) { $0 + ($1.length ?? 0) } : nil
    if max(upload.length ?? 0, upload.received) > limits.uploadBytes { throw .tooLarge(limit: limits.uploadBytes) }
    if parts.allSatisfy(\.isComplete) { upload.completedAt = now }
    return upload
  }

  /// Takes the writing over.
  ///
  /// - Parameters:
  ///   - offset: where the request's bytes begin.
  ///   - length: in all, where the request says it.
  /// - Throws: ``UploadRefusal``.
  public func begin(
    _ upload: UploadRecord, at offset: Int, length: Int?, now: Timestamp
  ) throws(UploadRefusal) -> Start {
    guard upload.isNamed else { throw .notFound }
    if upload.expiredAt != nil { throw .expired }
    if upload.kind == .final { throw .isFinal }
    var upload = upload
    if let length {
      if let known = upload.length, known != length { throw .lengthKnown(bytes: known) }
      if length > limits.uploadBytes { throw .tooLarge(limit: limits.uploadBytes) }
      if length < upload.received { throw .lengthBelowOffset(offset: upload.received) }
    }
    if upload.segmentCount >= limits.uploadSegments, !upload.isComplete {
      throw .tooManySegments(limit: limits.uploadSegments)
    }
    upload.epoch += 1
    guard offset == upload.received else { return .wrongOffset(upload) }
    upload.touchedAt = now
    if let length {
      upload.length = length
      if length == upload.received, !upload.isComplete { upload.completedAt = now }
    }
    return .begun(upload)
  }

  /// Journals bytes that are on disk. A segment grows, or begins where the upload ends.
  public func append(
    _ upload: UploadRecord, _ segment: UploadSegment, epoch: Int, now: Timestamp
  ) -> Append {
    guard upload.epoch == epoch, upload.isNamed, upload.expiredAt == nil, upload.kind != .final,
      segment.start <= upload.received
    else { return .stale }
    // What a request reports late changes nothing.
    guard segment.end > upload.received else { return .applied(upload) }
    guard segment.end <= upload.length ?? limits.uploadBytes else { return .stale }
    var upload = upload
    if segment.start == upload.received { upload.segmentCount += 1 }
    upload.received = segment.end
    upload.touchedAt = now
    if upload.received == upload.length { upload.completedAt = now }
    return .applied(upload)
  }

  /// An upload whose name is given up; its bytes stay where a final upload has them.
  public func delete(_ upload: UploadRecord) -> UploadRecord {
    var upload = upload
    upload.epoch += 1
    upload.isNamed = false
    return upload
  }

  /// When the upload may be given up, if nothing comes. Until that is done, it can be gone on with.
  public func expiry(of upload: UploadRecord) -> Timestamp { upload.touchedAt + limits.uploadExpiryMilliseconds }
}

extension UploadLifecycle {
  /// Checks the uploads that a new job reads.
  ///
  /// - Parameters:
  ///   - ids: as the job names them.
  ///   - found: the uploads of these IDs, as far as there are any.
  /// - Returns: when the last of them was complete; nil: one isn't.
  /// - Throws: `JobStoreError.uploadNotFound`.
  public static func completion(
    of ids: [String], owner: String, found: [UploadRecord]
  ) throws(JobStoreError) -> Timestamp? {
    var latest: Timestamp? = Timestamp(milliseconds: 0)
    for id in ids {
      let upload = found.first { $0.id.hasSameBytes(as: id) }
      guard let upload, upload.isNamed, upload.expiredAt == nil, upload.owner.hasSameBytes(as: owner) else {
        throw .uploadNotFound(id: id)
      }
      latest = upload.completedAt.flatMap { moment in latest.map { max($0, moment) } }
    }
    return latest
  }
}

/// Why an upload is refused.
public enum UploadRefusal: Error, Hashable, Sendable {
  /// There is none of that ID, or it is another owner's.
  case notFound
  case expired
  /// It is a list of parts, and takes no bytes.
  case isFinal
  case tooLarge(limit: Int)
  case tooManyParts(limit: Int)
  case tooManySegments(limit: Int)
  case tooManyUploads(limit: Int)
  case partNotFound(id: String)
  case partIsNotPartial(id: String)
  case partTwice(id: String)
  case tooManyLists(limit: Int)
  /// The request gives another length than an earlier one.
  case lengthKnown(bytes: Int)
  case lengthBelowOffset(offset: Int)
  /// An unfinished job reads it.
  case inUse(jobID: String)
}
