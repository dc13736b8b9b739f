#if Server
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A file that is written beside its place, and takes it when it is whole and on disk. What is no plain file, such as a device
  /// or a pipe, is written as it is. One task has it.
  struct PartialFile {
    /// Where it will stand: behind symbolic links.
    private let path: String
    /// Nil: it is written in its place.
    private let partial: String?
    private let descriptor: Int32
    /// Where a signal ends the process, nothing of it stays.
    private let cleanup: SignalCleanup?

    /// - Throws: ``FileProblem``, here and below.
    init(path given: String) throws {
      var status = stat()
      let isThere = stat(given, &status) == 0
      if isThere, status.st_mode & S_IFMT != S_IFREG {
        (path, partial, cleanup) = (given, nil, nil)
        descriptor = open(given, O_WRONLY | O_CLOEXEC)
      } else {
        let place = isThere ? PartialFile.resolved(given) : given
        path = place
        // A name of its own, and no longer one: the file's may be as long as names can be.
        let folder = place.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(place[...$0]) } ?? ""
        let name = folder + ".partial-" + String(UInt64.random(in: .min ... .max), radix: 36)
        partial = name
        // Nobody else's: neither another download's nor what a link leads to.
        descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o666)
        cleanup = descriptor < 0 ? nil : SignalCleanup(path: name)
        // Who may read the file that is replaced may read the new one, and nobody else.
        if isThere, descriptor >= 0 { fchmod(descriptor, status.st_mode & 0o777) }
      }
      if descriptor < 0 { throw FileProblem("The file '\(given)' can't be opened for writing") }
    }

    func write(_ bytes: [UInt8]) throws {
      guard let code = Terminal.write(bytes, to: descriptor) else { return }
      errno = code
      throw FileProblem("The file '\(path)' can't be written")
    }

    /// Afterwards the file is closed, whatever has happened.
    func finish() throws {
      guard let partial else {
        close(descriptor)
        return
      }
      guard fsync(descriptor) == 0, rename(partial, path) == 0 else {
        let problem = FileProblem("The file '\(path)' can't be written")
        remove()
        throw problem
      }
      close(descriptor)
    }

    /// After a failure of the writing.
    func remove() {
      close(descriptor)
      if let partial { unlink(partial) }
    }

    private static func resolved(_ path: String) -> String {
      guard let real = realpath(path, nil) else { return path }
      defer { free(real) }
      return String(cString: real)
    }
  }

  /// What the system says of a file that can't be written.
  struct FileProblem: Error, CustomStringConvertible {
    /// `EX_IOERR` of sysexits.h, as for standard output.
    static let exitCode: Int32 = 74
    let description: String

    init(_ text: String) { description = "\(text): \(String(cString: strerror(errno)))." }
  }
#endif
