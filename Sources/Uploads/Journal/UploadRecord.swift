public import TallySchema

/// A file that is being sent in pieces, as the store keeps it (tus 1.0). Its bytes are in segments, each of which is a file of
/// its own; only what is journaled here counts.
public struct UploadRecord: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Sendable {
    case whole
    /// A part of a final upload, sent by itself.
    case partial
    /// A list of parts. It has no bytes of its own.
    case final
  }

  public var id: String
  public var owner: String
  public var kind: Kind
  /// `Upload-Metadata`, as it was sent.
  public var metadata: String
  /// The IDs of a final upload's parts, in order; nil for others.
  public var parts: [String]?
  /// Bytes in all; nil: not known yet.
  public var length: Int?
  /// Bytes that are on disk and journaled: of a final upload, those of all its parts.
  public var received = 0
  /// Goes up with each request that takes the writing over.
  public var epoch = 0
  /// How many files its bytes are in.
  public var segmentCount = 0
  /// False: it was deleted, and its bytes belong to a final upload.
  public var isNamed = true
  public var createdAt: Timestamp
  /// When bytes came last, or a request began to send some.
  public var touchedAt: Timestamp
  /// When the last of its bytes was journaled.
  public var completedAt: Timestamp?
  /// When its bytes were given up.
  public var expiredAt: Timestamp?

  public init(
    id: String, owner: String, kind: Kind, metadata: String = "", parts: [String]? = nil, length: Int?,
    createdAt: Timestamp
  ) {
    self.id = id
    self.owner = owner
    self.kind = kind
    self.metadata = metadata
    self.parts = parts
    self.length = length
    self.createdAt = createdAt
    touchedAt = createdAt
  }

  public var isComplete: Bool { completedAt != nil }
}

/// A stretch of an upload's bytes in a file of its own. The file may be longer than what is journaled of it.
public struct UploadSegment: Hashable, Sendable {
  /// The upload whose folder the file is in: for a final upload's bytes, its part.
  public var upload: String
  /// The offset of its first byte in that upload.
  public var start: Int
  /// Bytes that are on disk.
  public var bytes: Int
  /// The file's name in the upload's folder: `<start>-<epoch>-<nonce>`.
  public var file: String
  /// SHA-256 of these bytes, as hexadecimal digits.
  public var sha256: String

  public init(upload: String, start: Int, bytes: Int, file: String, sha256: String) {
    self.upload = upload
    self.start = start
    self.bytes = bytes
    self.file = file
    self.sha256 = sha256
  }

  /// Of one upload, also of one that is a list of others: more are not read.
  public static let most = 1 << 17

  /// Of a file's name, the epoch; nil: it isn't a segment's.
  static func epoch(ofFile name: String) -> Int? {
    let parts = name.utf8.split(separator: UInt8(ascii: "-"))
    return parts.count == 3 ? Int(Substring(parts[1])) : nil
  }

  /// The offset after its last byte.
  public var end: Int { start + bytes }
}

/// What an upload needs in its folder.
public struct UploadFiles: Hashable, Sendable {
  /// Files of earlier epochs that aren't named are nobody's any more.
  public var epoch: Int
  /// The segments' files.
  public var names: Set<String> = []

  public init(epoch: Int, names: Set<String> = []) { (self.epoch, self.names) = (epoch, names) }
}

/// An upload that is to be made.
public struct UploadCreation: Hashable, Sendable {
  public var owner: String
  public var kind: UploadRecord.Kind
  public var metadata: String
  public var parts: [String]?
  public var length: Int?

  public init(
    owner: String, kind: UploadRecord.Kind = .whole, metadata: String = "", parts: [String]? = nil, length: Int? = nil
  ) {
    self.owner = owner
    self.kind = kind
    self.metadata = metadata
    self.parts = parts
    self.length = length
  }
}
