import CTallySystem
import Crypto
import Schema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The result's file: written once from the first to the last byte, with its digest, and made durable at the end.
final class ResultWriter {
  private let descriptor: Int32
  private let path: String
  private var digest = SHA256()
  private(set) var bytes = 0
  /// Bytes whose writing to the disk has been begun.
  private var begun = 0
  private static let beginBytes = 8 << 20
  private var isFinished = false

  /// Makes the file, which must not exist.
  init(path: String) throws(JobFailure) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw ResultWriter.failure("made", errno) }
  }

  deinit {
    // What couldn't be made isn't ours to remove.
    guard descriptor >= 0 else { return }
    close(descriptor)
    if !isFinished { unlink(path) }
  }

  func write(_ piece: UnsafeRawBufferPointer) throws(JobFailure) {
    digest.update(bufferPointer: piece)
    var written = 0
    while written < piece.count {
      #if canImport(Darwin)
        let count = Darwin.write(descriptor, piece.baseAddress! + written, piece.count - written)
      #else
        let count = Glibc.write(descriptor, piece.baseAddress! + written, piece.count - written)
      #endif
      if count < 0 {
        if errno == EINTR { continue }
        throw ResultWriter.failure("written", errno)
      }
      written += count
    }
    bytes += piece.count
    // The disk begins while the rest is computed: then little is left for fsync.
    if bytes - begun >= ResultWriter.beginBytes {
      tally_begin_writing(descriptor, Int64(begun), Int64(bytes - begun))
      begun = bytes
    }
  }

  /// Makes file and folder durable, and the file read-only; returns the digest in lower-case hexadecimal.
  ///
  /// After a failed fsync nothing is known of what is on disk, so the file is given up (Rebello et al., "Can
  /// Applications Recover from fsync Failures?", 2020).
  func finish() throws(JobFailure) -> String {
    guard fchmod(descriptor, 0o444) == 0, fsync(descriptor) == 0 else {
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
    let isFull = code == ENOSPC || code == EDQUOT || code == EFBIG
    return JobFailure(
      isFull ? .resourceExhausted : .unavailable, reason: isFull ? "DISK_FULL" : "OUTPUT_FAILED",
      "The result file can't be \(what) (\(String(cString: strerror(code)))).\(isFull ? " Free space in the data folder." : "")"
    )
  }
}
