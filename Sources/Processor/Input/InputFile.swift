import Schema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is read from the first to the last byte, and must be the same at the end as at the start.
final class InputFile: Sendable {
  /// What makes a file the same file: which one it is, its size in bytes, and when it was last written.
  struct Identity: Equatable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int
    var modifiedSeconds: Int
    var modifiedNanoseconds: Int
  }

  let descriptor: Int32
  /// As it is shown to people.
  let name: String
  let identity: Identity

  /// Opens the file for reading.
  ///
  /// - Throws: ``JobFailure``: NOT_FOUND, PERMISSION_DENIED, or what the system says; also for a directory.
  static func open(_ input: ProcessingInput, name: String) throws(JobFailure) -> InputFile {
    let descriptor =
      switch input {
      // Without O_NONBLOCK, opening a named pipe would wait for a writer.
      case .path(let path): systemOpen(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      case .descriptor(let descriptor): fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      }
    guard descriptor >= 0 else { throw InputFile.failure(errno, name: name) }
    var kind: mode_t = 0
    let identity = InputFile.identity(of: descriptor, kind: &kind)
    switch kind & S_IFMT {
    case S_IFREG: return InputFile(descriptor: descriptor, name: name, identity: identity)
    case S_IFDIR:
      close(descriptor)
      throw JobFailure(
        .failedPrecondition, reason: "INPUT_NOT_A_FILE", "\(name): this is a folder. Name a file in it.", file: name)
    default:
      close(descriptor)
      throw JobFailure(
        .failedPrecondition, reason: "INPUT_NOT_A_FILE", "\(name): this is no regular file.", file: name)
    }
  }

  private init(descriptor: Int32, name: String, identity: Identity) {
    self.descriptor = descriptor
    self.name = name
    self.identity = identity
  }

  deinit { close(descriptor) }

  /// Reads at an offset until the buffer is full or the file ends; returns the bytes read.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(JobFailure) -> Int {
    var filled = 0
    while filled < buffer.count {
      let got = pread(descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(offset + filled))
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
    guard InputFile.identity(of: descriptor, kind: &kind) == identity else { throw changed() }
  }

  func changed() -> JobFailure {
    JobFailure(
      .aborted, reason: "INPUT_CHANGED",
      "\(name): the file has changed while it was read. Submit the job again when it is complete.", file: name)
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
    default:
      return JobFailure(
        .unavailable, reason: "INPUT_NOT_READABLE", "\(name): the file can't be read (\(text)).", file: name)
    }
  }
}

private func systemOpen(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
