import Crypto
public import Storage
import Synchronization
public import TallySchema

/// Writes the bytes of one request into a file of their own, with their digest. Everything here waits for the disk. One caller
/// appends; meanwhile another may make durable what is there.
public final class SegmentWriter: Sendable {
  /// What is durable, for the journal.
  public struct Checkpoint: Hashable, Sendable {
    /// Since the segment's first byte.
    public var bytes: Int
    /// SHA-256 of these, as hexadecimal digits.
    public var sha256: String
  }

  private struct State {
    var bytes = 0
    var sha256 = SHA256()
    var checksum: ChecksumHasher?
    /// Why nothing may be journaled any more.
    var failure: JobFailure?
  }

  private let file: any SegmentFile
  private let state: Mutex<State>

  /// - Parameter checksum: which one the request has sent, if any.
  public init(_ file: any SegmentFile, checksum: UploadChecksum.Algorithm?) {
    self.file = file
    state = Mutex(State(checksum: checksum.map(ChecksumHasher.init)))
  }

  /// Bytes that have come.
  public var bytes: Int { state.withLock { $0.bytes } }

  /// - Throws: ``JobFailure`` DISK_FULL, OUTPUT_FAILED.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(JobFailure) {
    // Written without the lock, under which a checkpoint would wait for the disk.
    try file.write(bytes, at: self.bytes)
    // A lock's body may keep nothing of its caller's: the bytes come in by their address, for this call alone.
    let (address, count) = (UInt(bitPattern: bytes.baseAddress), bytes.count)
    state.withLock { state in
      let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
      state.sha256.update(bufferPointer: bytes)
      state.checksum?.update(bytes)
      state.bytes += count
    }
  }

  /// Makes durable what has come.
  ///
  /// After a failed sync nothing is known of what is on disk, and the next one may succeed all the same (Rebello et al., "Can
  /// Applications Recover from fsync Failures?", 2020): it is the last.
  ///
  /// - Throws: ``JobFailure``, from then on each time.
  public func checkpoint() throws(JobFailure) -> Checkpoint {
    let (bytes, hash, failure) = state.withLock { ($0.bytes, $0.sha256, $0.failure) }
    if let failure { throw failure }
    do throws(JobFailure) {
      try file.synchronize()
    } catch {
      state.withLock { $0.failure = error }
      throw error
    }
    // Another checkpoint may have failed meanwhile, whose error this sync was not told.
    if let failure = state.withLock({ $0.failure }) { throw failure }
    return Checkpoint(bytes: bytes, sha256: hash.finalize().hexadecimal)
  }

  /// The checksum of what has come.
  public var checksum: [UInt8]? { state.withLock { $0.checksum?.value } }

  /// Removes the file.
  public func discard() { file.discard() }
}
