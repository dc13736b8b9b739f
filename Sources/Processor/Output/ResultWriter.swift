import CTallySystem
import Crypto
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a file of the result is to be, and who may read it.
struct ResultFile {
  var path: String
  var mode: mode_t
}

/// The result's file: written once from the first to the last byte, with its digest, and made durable at the end.
///
/// A thread of its own writes while the others compute, past the system's cache where it can: the file is synced anyway,
/// and nobody reads it before (so the cache's pages, and the copy to them, would be for nothing).
final class ResultWriter {
  /// A multiple of what any disk is written in.
  private static let pieceBytes = 1 << 20

  private let descriptor: Int32
  private let path: String
  private let mode: mode_t
  private var digest = SHA256()
  private(set) var bytes = 0
  private var isFinished = false
  private var piece: PageBuffer
  private var filled = 0
  private let behind: WriteBehind

  /// Makes the file, which must not exist.
  ///
  /// - Throws: ``JobFailure``, ``BudgetExceeded``.
  init(_ file: ResultFile, budget: MemoryBudget) throws {
    path = file.path
    mode = file.mode
    let first = try PageBuffer(bytes: ResultWriter.pieceBytes, budget: budget, for: "the output's buffers")
    let second = try PageBuffer(bytes: ResultWriter.pieceBytes, budget: budget, for: "the output's buffers")
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    // Not every file system can be written past the cache.
    // Until it is whole, it is the server's alone.
    var made = open(path, flags | tally_direct_flag(), 0o600)
    if made < 0, errno == EINVAL {
      unlink(path)
      made = open(path, flags, 0o600)
    }
    guard made >= 0 else { throw ResultWriter.failure("made", errno) }
    descriptor = made
    piece = first
    behind = WriteBehind(descriptor: made, spare: second)
  }

  deinit {
    _ = behind.end()
    close(descriptor)
    if !isFinished { unlink(path) }
  }

  func write(_ text: UnsafeRawBufferPointer) throws(JobFailure) {
    digest.update(bufferPointer: text)
    bytes += text.count
    var rest = text
    while !rest.isEmpty {
      let count = min(rest.count, piece.count - filled)
      (piece.base + filled).copyMemory(from: rest.baseAddress!, byteCount: count)
      filled += count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      if filled == piece.count {
        guard let next = behind.exchange(piece) else { throw ResultWriter.failure("written", behind.end()) }
        piece = next
        filled = 0
      }
    }
  }

  /// Makes file and folder durable, and the file read-only; returns the digest in lower-case hexadecimal.
  ///
  /// After a failed fsync nothing is known of what is on disk, so the file is given up (Rebello et al., "Can
  /// Applications Recover from fsync Failures?", 2020).
  func finish() throws(JobFailure) -> String {
    let code = behind.end()
    if code != 0 { throw ResultWriter.failure("written", code) }
    // The end need not fill a unit: through the cache.
    tally_clear_direct(descriptor)
    let tail = UnsafeRawBufferPointer(start: piece.base, count: filled)
    let last = WriteBehind.write(tail, to: descriptor, at: bytes - filled)
    if last != 0 { throw ResultWriter.failure("written", last) }
    guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
      throw ResultWriter.failure("made durable", errno)
    }
    let folder = open(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw ResultWriter.failure("made durable", errno) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw ResultWriter.failure("made durable", errno) }
    isFinished = true
    return digest.finalize().map { byte in
      let text = String(byte, radix: 16)
      return byte < 16 ? "0" + text : text
    }.joined()
  }

  private static func failure(_ what: String, _ code: Int32) -> JobFailure {
    if code == EMFILE || code == ENFILE { return .noDescriptors() }
    let isFull = code == ENOSPC || code == EDQUOT || code == EFBIG
    return JobFailure(
      isFull ? .resourceExhausted : .unavailable, reason: isFull ? "DISK_FULL" : "OUTPUT_FAILED",
      "The result file can't be \(what) (\(String(cString: strerror(code)))).\(isFull ? " Free space in the data folder." : "")"
    )
  }
}
