import Synchronization
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where partitions go that memory doesn't hold: a file without a name, gone with the process. Threads write at places
/// that they reserve.
final class SpillFile: Sendable {
  /// Where a chunk stands in the file.
  struct Extent {
    var offset: Int = 0
    /// 0: nowhere.
    var bytes: Int = 0
  }

  private let descriptor: Int32
  private let tail = Atomic<Int>(0)
  private let counters: ProgressCounters

  init(folder: String, counters: ProgressCounters) throws(JobFailure) {
    self.counters = counters
    #if os(Linux)
      // O_TMPFILE, whose definition Swift can't read.
      let temporaryFile = 0o20_000_000 | O_DIRECTORY
      var descriptor = open(folder, temporaryFile | O_RDWR | O_CLOEXEC, 0o600)
      // Not every file system has files without a name.
      if descriptor < 0, errno == EOPNOTSUPP || errno == EISDIR { descriptor = SpillFile.openUnlinked(folder) }
    #else
      let descriptor = SpillFile.openUnlinked(folder)
    #endif
    guard descriptor >= 0 else { throw SpillFile.failure("opened in '\(folder)'", errno) }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  private static func openUnlinked(_ folder: String) -> Int32 {
    var template = Array("\(folder)/spill-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    if descriptor >= 0 {
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      unlink(template)
    }
    return descriptor
  }

  /// Whether the run that it belongs to is to end.
  var isCancelled: Bool { counters.interruption.isSet }

  func reserve(_ bytes: Int) -> Int { tail.add(bytes, ordering: .relaxed).oldValue }

  /// Writes the pieces one after the other from the offset on.
  func write(_ pieces: UnsafeMutableBufferPointer<iovec>, at offset: Int) throws(JobFailure) {
    var pieces = pieces
    var offset = offset
    while !pieces.isEmpty {
      let wrote = pwritev(descriptor, pieces.baseAddress!, Int32(pieces.count), off_t(offset))
      if wrote < 0 {
        if errno == EINTR { continue }
        throw SpillFile.failure("written", errno)
      }
      counters.bytesSpilled.add(wrote, ordering: .relaxed)
      offset += wrote
      var rest = wrote
      while let first = pieces.first, rest >= first.iov_len {
        rest -= first.iov_len
        pieces = UnsafeMutableBufferPointer(rebasing: pieces[1...])
      }
      if rest > 0 {
        pieces[0].iov_base += rest
        pieces[0].iov_len -= rest
      }
    }
  }

  func read(_ place: Extent, into buffer: UnsafeMutableRawPointer) throws(JobFailure) {
    var filled = 0
    while filled < place.bytes {
      let got = pread(descriptor, buffer + filled, place.bytes - filled, off_t(place.offset + filled))
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { throw SpillFile.failure("read", got < 0 ? errno : EIO) }
      filled += got
    }
  }

  private static func failure(_ what: String, _ code: Int32) -> JobFailure {
    if code == EMFILE || code == ENFILE { return .noDescriptors() }
    let isFull = code == ENOSPC || code == EDQUOT || code == EFBIG
    return JobFailure(
      isFull ? .resourceExhausted : .unavailable, reason: isFull ? "DISK_FULL" : "SPILL_FAILED",
      "The spill file can't be \(what) (\(String(cString: strerror(code)))). "
        + (isFull ? "Free space in the state folder, or give the job more memory (memoryBytes)." : ""))
  }
}
