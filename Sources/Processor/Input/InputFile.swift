import Synchronization
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is read from the first to the last byte, and must be the same at the end as at the start.
///
/// Its descriptor is open while somebody holds an ``Opened``, and otherwise only where the file is to stay open: a job of
/// many files opens each when it is read.
final class InputFile: Sendable {
  /// What makes a file the same file: which one it is, its size in bytes, and when it was last written.
  struct Identity: Equatable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int
    var modifiedSeconds: Int
    var modifiedNanoseconds: Int
  }

  /// An open descriptor; closed with its last owner.
  final class Opened: Sendable {
    let descriptor: Int32
    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }
  }

  private struct State {
    /// Set where the file stays open.
    var kept: Opened?
    weak var shared: Opened?
  }

  /// As it is shown to people.
  let name: String
  let identity: Identity
  /// Who may read it.
  let mode: mode_t
  let interruption: Interruption
  private let input: ProcessingInput
  private let state: Mutex<State>

  /// Opens the file for reading.
  ///
  /// - Parameter staysOpen: false: it is closed whenever nobody reads it, and must be the same file when it is opened again.
  /// - Throws: ``JobFailure``: NOT_FOUND, PERMISSION_DENIED, or what the system says; also for a directory.
  static func open(
    _ input: ProcessingInput, name: String, staysOpen: Bool = true, interruption: Interruption = Interruption()
  ) throws(JobFailure) -> InputFile {
    let opened = try InputFile.open(input, name)
    var kind: mode_t = 0
    let identity = InputFile.identity(of: opened.descriptor, kind: &kind)
    switch kind & S_IFMT {
    case S_IFREG: break
    case S_IFDIR:
      throw JobFailure(
        .failedPrecondition, reason: "INPUT_NOT_A_FILE", "\(name): this is a folder. Name a file in it.", file: name)
    default:
      throw JobFailure(
        .failedPrecondition, reason: "INPUT_NOT_A_FILE", "\(name): this is no regular file.", file: name)
    }
    return InputFile(
      input: input, name: name, identity: identity, mode: kind & 0o777, opened: opened, staysOpen: staysOpen,
      interruption: interruption)
  }

  private init(
    input: ProcessingInput, name: String, identity: Identity, mode: mode_t, opened: Opened, staysOpen: Bool,
    interruption: Interruption
  ) {
    self.input = input
    self.name = name
    self.identity = identity
    self.mode = mode
    self.interruption = interruption
    state = Mutex(State(kept: staysOpen ? opened : nil, shared: opened))
  }

  /// The file's descriptor, for as long as somebody holds it.
  ///
  /// - Throws: ``JobFailure``; ABORTED when another file has its name by now.
  func opened() throws(JobFailure) -> Opened {
    if let open = state.withLock({ $0.shared }) { return open }
    let again = try InputFile.open(input, name)
    var kind: mode_t = 0
    guard InputFile.identity(of: again.descriptor, kind: &kind) == identity else { throw changed() }
    state.withLock { $0.shared = again }
    return again
  }

  /// Reads at an offset until the buffer is full or the file ends; returns the bytes read.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(JobFailure) -> Int {
    let open = try opened()
    defer { withExtendedLifetime(open) {} }
    var filled = 0
    while filled < buffer.count {
      try interruption.check()
      let got = pread(open.descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset + filled))
      if got == 0 { break }
      if got < 0 {
        if errno == EINTR { continue }
        throw InputFile.failure(errno, name: name)
      }
      filled += got
    }
    return filled
  }

  /// - Throws: ``JobFailure`` ABORTED when the file has changed since it was opened.
  func checkUnchanged() throws(JobFailure) {
    var kind: mode_t = 0
    let open = try opened()
    guard InputFile.identity(of: open.descriptor, kind: &kind) == identity else { throw changed() }
  }

  func changed() -> JobFailure {
    JobFailure(
      .aborted, reason: "INPUT_CHANGED",
      "\(name): the file has changed while it was read. Submit the job again when it is complete.", file: name)
  }

  private static func open(_ input: ProcessingInput, _ name: String) throws(JobFailure) -> Opened {
    let descriptor: Int32
    switch input {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    case .path(let path): descriptor = systemOpen(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    case .descriptor(let given): descriptor = fcntl(given, F_DUPFD_CLOEXEC, 0)
    case .opener(let open): return Opened(try open())
    }
    guard descriptor >= 0 else { throw InputFile.failure(errno, name: name) }
    return Opened(descriptor)
  }

  private static func identity(of descriptor: Int32, kind: inout mode_t) -> Identity {
    var information = stat()
    fstat(descriptor, &information)
    kind = information.st_mode
    #if canImport(Darwin)
      let modified = information.st_mtimespec
    #else
      let modified = information.st_mtim
    #endif
    return Identity(
      device: UInt64(truncatingIfNeeded: information.st_dev), inode: UInt64(information.st_ino),
      size: Int(information.st_size), modifiedSeconds: modified.tv_sec, modifiedNanoseconds: modified.tv_nsec)
  }

  private static func failure(_ code: Int32, name: String) -> JobFailure {
    let text = String(cString: strerror(code))
    switch code {
    case ENOENT, ENOTDIR:
      return JobFailure(.notFound, reason: "INPUT_NOT_FOUND", "\(name): there is no such file.", file: name)
    case EACCES, EPERM:
      return JobFailure(
        .permissionDenied, reason: "INPUT_NOT_READABLE", "\(name): the server may not read this file (\(text)).",
        file: name)
    case EMFILE, ENFILE: return JobFailure.noDescriptors(file: name)
    default:
      return JobFailure(
        .unavailable, reason: "INPUT_NOT_READABLE", "\(name): the file can't be read (\(text)).", file: name)
    }
  }
}

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
