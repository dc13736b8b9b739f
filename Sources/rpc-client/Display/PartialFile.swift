#if Server
  import ArgumentParser

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A file that is written under another name, and gets its own when it is whole and on disk. One task has it.
  struct PartialFile {
    private let path: String
    private let partial: String
    private let descriptor: Int32

    /// - Throws: `ValidationError`, here and below, with the system's words.
    init(path: String) throws {
      self.path = path
      partial = path + ".partial"
      descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
      if descriptor < 0 { throw PartialFile.problem("The file '\(partial)' can't be made") }
    }

    func write(_ bytes: [UInt8]) throws {
      if let code = Terminal.write(bytes, to: descriptor) {
        errno = code
        throw PartialFile.problem("The file '\(partial)' can't be written")
      }
    }

    func finish() throws {
      guard fsync(descriptor) == 0, close(descriptor) == 0, rename(partial, path) == 0 else {
        throw PartialFile.problem("The file '\(path)' can't be written")
      }
    }

    /// After a failure.
    func remove() { unlink(partial) }

    private static func problem(_ text: String) -> ValidationError {
      ValidationError("\(text): \(String(cString: strerror(errno))).")
    }
  }
#endif
