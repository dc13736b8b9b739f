import Synchronization
import TallySchema

/// Bytes of this side that can be read anywhere, and again: a file.
public struct UploadSource: Sendable {
  /// How many there are.
  public var bytes: Int
  /// What the server is told that they are called; nil: nothing.
  public var name: String?
  /// Reads at an offset: at most so many bytes, and at least one before the end. Several tasks call it at the same time.
  public var read: @Sendable (_ offset: Int, _ most: Int) async throws -> [UInt8]

  /// A source whose bytes a closure reads.
  public init(
    bytes: Int, name: String? = nil, read: @escaping @Sendable (_ offset: Int, _ most: Int) async throws -> [UInt8]
  ) {
    self.bytes = bytes
    self.name = name
    self.read = read
  }

  /// A source of bytes that are in memory.
  public init(_ content: [UInt8], name: String? = nil) {
    self.init(bytes: content.count, name: name) { offset, most in
      Array(content[offset..<min(offset + most, content.count)])
    }
  }
}

extension UploadSource {
  private static let stepBytes = 256 << 10

  /// The bytes from an offset on, for one request.
  func content(from start: Int, bytes: Int) -> RPCUpload {
    let sent = Mutex(0)
    return RPCUpload(bytes: bytes) {
      let done = sent.withLock { $0 }
      if done == bytes { return nil }
      let piece = try await read(start + done, min(UploadSource.stepBytes, bytes - done))
      if piece.isEmpty { throw UploadSource.isShort(at: start + done) }
      sent.withLock { $0 += piece.count }
      return piece
    }
  }

  /// The field `Upload-Checksum` of a stretch, which is read for it before it is read to be sent.
  func checksum(of range: Range<Int>) async throws -> String {
    var check = CRC32.castagnoli
    var offset = range.lowerBound
    while offset < range.upperBound {
      let piece = try await read(offset, min(UploadSource.stepBytes, range.upperBound - offset))
      if piece.isEmpty { throw UploadSource.isShort(at: offset) }
      piece.withUnsafeBytes { check.update($0) }
      offset += piece.count
    }
    return "crc32c " + Base64.encode(check.bytes)
  }

  private static func isShort(at offset: Int) -> RPCClientError {
    .local(
      RPCLocalError(
        .configuration, .failedPrecondition, reason: "SOURCE_SHORT",
        "What is uploaded ends after \(offset) bytes, and has had more before."))
  }
}

/// How an upload is cut: pure.
struct UploadPlan: Hashable {
  /// A server describes an upload as soon as so much is there.
  static let firstBytes = 1 << 20
  /// Below, one stretch is as fast as several.
  static let wholeBytesMost = 8 << 20
  /// Bytes of one request, at the most.
  static let pieceBytes = 16 << 20

  /// The stretches that are sent side by side; one: the upload is no list of parts.
  let parts: [Range<Int>]

  init(bytes: Int, connections: Int) {
    guard bytes > UploadPlan.wholeBytesMost, connections > 1 else {
      parts = [0..<bytes]
      return
    }
    let rest = bytes - UploadPlan.firstBytes
    let stretch = (rest + connections - 1) / connections
    let starts = stride(from: UploadPlan.firstBytes, to: bytes, by: stretch)
    parts = [0..<UploadPlan.firstBytes] + starts.map { $0..<min($0 + stretch, bytes) }
  }

  /// The next request's bytes, within a part.
  static func piece(from offset: Int, of length: Int, most: Int) -> Range<Int> {
    // The first of a whole upload is short as well, to be described soon.
    offset..<min(offset + (offset == 0 ? min(firstBytes, most) : most), length)
  }
}
