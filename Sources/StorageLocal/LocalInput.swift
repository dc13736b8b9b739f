public import Storage
public import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A regular file of this machine that is open for reading.
public final class LocalInput: InputObject {
  public let name: String
  /// As it was opened.
  private let information: stat
  private let file: OpenFile

  /// Opens a file by its path.
  ///
  /// - Parameter name: as messages call it.
  /// - Throws: ``JobFailure``: INPUT_NOT_FOUND, INPUT_NOT_A_FILE, INPUT_NOT_READABLE.
  public convenience init(path: String, name: String) throws(JobFailure) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw LocalInput.failure(errno, name: name) }
    try self.init(OpenFile(descriptor: descriptor), name: name)
  }

  /// - Throws: ``JobFailure`` INPUT_NOT_A_FILE.
  init(_ file: OpenFile, name: String) throws(JobFailure) {
    let information = file.information
    if let what = DataFolder.kindThatIsNoFile(information) {
      throw JobFailure(
        .failedPrecondition, reason: "INPUT_NOT_A_FILE", "\(name): this is \(what), and no regular file. Name a file.",
        file: name)
    }
    self.file = file
    self.name = name
    self.information = information
  }

  public var size: Int { Int(information.st_size) }
  public var identity: String { DataFolder.identity(information) }
  public var permissions: UInt32 { UInt32(information.st_mode & 0o777) }

  /// Which file it is, its size, and when it was last written.
  public func version() throws(JobFailure) -> String {
    var information = stat()
    guard fstat(file.descriptor, &information) == 0 else { throw LocalInput.failure(errno, name: name) }
    return "\(DataFolder.identity(information))-\(information.st_size)"
  }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(JobFailure) -> Int {
    while true {
      let got = pread(file.descriptor, buffer.baseAddress, buffer.count, off_t(offset))
      if got >= 0 { return got }
      if errno != EINTR { throw LocalInput.failure(errno, name: name) }
    }
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
