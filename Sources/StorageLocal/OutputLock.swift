import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The kernel's lock on one output name, held until the value goes. It works between processes, and goes with its
/// holder's death. The lock file is never removed: who waits on a removed one would hold nothing.
struct OutputLock: OutputHold {
  private let file: OpenFile

  /// - Parameter atMostMilliseconds: to wait for another holder, which may have been stopped.
  /// - Returns: nil when it is still held then.
  /// - Throws: ``SystemCallError``.
  static func take(_ output: String, in folder: DataFolder, atMostMilliseconds: Int = 5_000) async throws
    -> OutputLock?
  {
    let file = try open(output, in: folder)
    var waited = 0
    while !(try isTaken(file)) {
      if waited >= atMostMilliseconds { return nil }
      try await Task.sleep(for: .milliseconds(20))
      waited += 20
    }
    return OutputLock(file: file)
  }

  /// The same without waiting for another holder.
  static func takeNow(_ output: String, in folder: DataFolder) throws -> OutputLock? {
    let file = try open(output, in: folder)
    return try isTaken(file) ? OutputLock(file: file) : nil
  }

  private static func open(_ output: String, in folder: DataFolder) throws -> OpenFile {
    let locks = try folder.openOwn("locks")
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
    return OpenFile(
      descriptor: try check("open lock", openat(locks.descriptor, lockName(of: output), flags, 0o644)))
  }

  private static func isTaken(_ file: OpenFile) throws -> Bool {
    if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK || errno == EINTR else { throw SystemCallError("flock", errno) }
    return false
  }

  /// A name of fixed length (FNV-1a, 64 bits): two outputs that share one wait for each other, and nothing else.
  static func lockName(of output: String) -> String {
    String(FNV1a.hash(output), radix: 16)
  }
}
