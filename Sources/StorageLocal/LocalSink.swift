import CTallySystem
public import Storage
public import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new file of this machine, written past the system's cache where that can be done: it is synced anyway, and nobody reads it
/// before, so the cache's pages, and the copy to them, would be for nothing.
final class LocalSink: ByteSink {
  private let path: String
  private let descriptor: Int32
  private let isSealed = SealMark()

  /// Makes the file, which must not exist. Until it is whole, it is the server's alone.
  ///
  /// - Throws: ``JobFailure``.
  init(path: String) throws(JobFailure) {
    self.path = path
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    var made = open(path, flags | tally_direct_flag(), 0o600)
    // Not every file system can be written past the cache.
    if made < 0, errno == EINVAL {
      unlink(path)
      made = open(path, flags, 0o600)
    }
    guard made >= 0 else { throw LocalSink.failure("made", errno) }
    descriptor = made
  }

  deinit {
    close(descriptor)
    if !isSealed.isSet { unlink(path) }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int, isLast: Bool) throws(JobFailure) {
    // The end need not fill a unit of the disk: through the cache.
    if isLast { tally_clear_direct(descriptor) }
    var written = 0
    var isThroughCache = isLast
    while written < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset + written))
      if count >= 0 {
        written += count
      } else if errno == EINVAL, !isThroughCache {
        // A file system that opens files for writing past the cache, and then can't.
        tally_clear_direct(descriptor)
        isThroughCache = true
      } else if errno != EINTR {
        throw LocalSink.failure("written", errno)
      }
    }
  }

  /// Makes file and folder durable, and the file read-only.
  ///
  /// After a failed fsync nothing is known of what is on disk, so the file is given up (Rebello et al., "Can Applications
  /// Recover from fsync Failures?", 2020).
  func seal(permissions: UInt32) throws(JobFailure) {
    guard fchmod(descriptor, mode_t(permissions)) == 0, fsync(descriptor) == 0 else {
      throw LocalSink.failure("made durable", errno)
    }
    let folder = open(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw LocalSink.failure("made durable", errno) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw LocalSink.failure("made durable", errno) }
    isSealed.set()
  }

  func discard() { unlink(path) }

  static func failure(_ what: String, _ code: Int32) -> JobFailure {
    if code == EMFILE || code == ENFILE { return .noDescriptors() }
    let isFull = code == ENOSPC || code == EDQUOT || code == EFBIG
    return JobFailure(
      isFull ? .resourceExhausted : .unavailable, reason: isFull ? "DISK_FULL" : "OUTPUT_FAILED",
      "The file can't be \(what) (\(String(cString: strerror(code)))).\(isFull ? " Free space in the data folder." : "")"
    )
  }
}

/// A run's files beside each other on this machine.
public struct LocalStage: ResultStage {
  public let file: String
  private let path: String

  /// - Parameters:
  ///   - path: of the result, in a folder that is there.
  ///   - file: as the job's record will name it; nil: its path.
  public init(path: String, file: String? = nil) {
    self.path = path
    self.file = file ?? path
  }

  public func makeResult() throws(JobFailure) -> any ByteSink { try LocalSink(path: path) }
  public func makeRejects() throws(JobFailure) -> any ByteSink { try LocalSink(path: path + ".rejects") }
}
