import Crypto
public import Storage
import Synchronization
public import TallySchema

/// Writes the file of an upload, in pieces of a mebibyte, with its digests. Everything here waits for the disk; one caller at a
/// time. A writer that is let go before ``finish(permissions:)`` leaves nothing.
public final class UploadWriter: Sendable {
  /// As ``ByteSink`` wants it.
  private static let pieceBytes = 1 << 20

  private struct State {
    let sink: any ByteSink
    let piece: UnsafeMutableRawBufferPointer
    var filled = 0
    var bytes = 0
    var sha256 = SHA256()
    /// Where it is asked for.
    var sha512: SHA512?

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(JobFailure) {
      sha256.update(bufferPointer: bytes)
      sha512?.update(bufferPointer: bytes)
      var rest = bytes
      while !rest.isEmpty {
        let count = min(rest.count, piece.count - filled)
        (piece.baseAddress! + filled).copyMemory(from: rest.baseAddress!, byteCount: count)
        filled += count
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        if filled == piece.count {
          try sink.write(UnsafeRawBufferPointer(piece), at: self.bytes, isLast: false)
          self.bytes += filled
          filled = 0
        }
      }
    }

    mutating func finish(permissions: UInt32) throws(JobFailure) {
      try sink.write(UnsafeRawBufferPointer(rebasing: piece[..<filled]), at: bytes, isLast: true)
      bytes += filled
      filled = 0
      try sink.seal(permissions: permissions)
    }
  }

  private let state: Mutex<State>
  /// As its storage names it.
  public let file: String

  /// - Throws: ``JobFailure`` when the file can't be made.
  public init(_ stage: any ResultStage, withSHA512: Bool) throws(JobFailure) {
    file = stage.file
    let sink = try stage.makeResult()
    // A disk is written in units of its own.
    state = Mutex(
      State(
        sink: sink, piece: .allocate(byteCount: UploadWriter.pieceBytes, alignment: 4_096),
        sha512: withSHA512 ? SHA512() : nil))
  }

  deinit { state.withLock { $0.piece.deallocate() } }

  /// Bytes that have come.
  public var bytes: Int { state.withLock { $0.bytes + $0.filled } }

  /// - Throws: ``JobFailure`` DISK_FULL, OUTPUT_FAILED.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(JobFailure) {
    // A lock's body may keep nothing of its caller's: the bytes come in by their address, for this call alone.
    let (address, count) = (UInt(bitPattern: bytes.baseAddress), bytes.count)
    try state.withLock { (state) throws(JobFailure) in
      try state.append(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
    }
  }

  /// What has come in all, and its digests.
  public struct Summary: Hashable, Sendable {
    public var bytes: Int
    public var sha256: [UInt8]
    public var sha512: [UInt8]?
  }

  /// The digests of what has come; nothing may come after it.
  public func summary() -> Summary {
    state.withLock { state in
      Summary(
        bytes: state.bytes + state.filled, sha256: Array(state.sha256.finalize()),
        sha512: state.sha512.map { Array($0.finalize()) })
    }
  }

  /// Makes the file whole and durable, and readable by these: bits of a file's mode.
  ///
  /// - Throws: ``JobFailure``: then it is given up.
  public func finish(permissions: UInt32) throws(JobFailure) {
    try state.withLock { (state) throws(JobFailure) in try state.finish(permissions: permissions) }
  }
}
