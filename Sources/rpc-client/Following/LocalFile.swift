#if Server
  import RPCClient
  import Synchronization
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A file of this machine that is read from its start to its end; `-` is standard input.
  final class LocalFile: Sendable {
    private static let pieceBytes = 256 << 10

    /// Nil: a pipe, or a terminal.
    let bytes: Int?
    private let path: String
    private let descriptor: Int32
    /// Its next bytes may be a long time in coming.
    private let isWaitedFor: Bool
    /// Of a regular file, where its bytes begin: what was read of it before, as by a shell's `read`, isn't sent.
    private let start: Int
    private let count = Atomic(0)

    /// - Throws: ``RPCError`` NOT_FOUND, FAILED_PRECONDITION when it can't be read.
    init(_ path: String) throws {
      self.path = path
      descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw LocalFile.notOpened(path) }
      var information = stat()
      fstat(descriptor, &information)
      guard information.st_mode & S_IFMT != S_IFDIR else {
        throw RPCError(
          .failedPrecondition, reason: "LOCAL_FILE_NOT_READ", "\(path): this is a folder. Name the files in it.")
      }
      let isRegular = information.st_mode & S_IFMT == S_IFREG
      start = isRegular ? max(0, Int(lseek(descriptor, 0, SEEK_CUR))) : 0
      // What the system makes when it is read, as below /proc, has no size.
      bytes = isRegular && information.st_size > 0 ? max(0, Int(information.st_size) - start) : nil
      isWaitedFor = !isRegular
    }

    deinit { if descriptor > 0 { close(descriptor) } }

    /// Why a file can't be opened, as the system has just said.
    static func notOpened(_ path: String) -> RPCError {
      RPCError(
        errno == ENOENT ? .notFound : .failedPrecondition, reason: "LOCAL_FILE_NOT_READ",
        "\(path): \(String(cString: strerror(errno))).")
    }

    /// A regular file of a known size as what can be read anywhere, by several tasks at the same time; nil for anything else.
    var source: UploadSource? {
      guard let bytes, bytes > 0, !isWaitedFor else { return nil }
      let name = path == "-" ? nil : FileName.parts(path).last
      return UploadSource(bytes: bytes, name: name) { offset, most in
        try await BlockingRead.run { _ in try self.piece(at: offset, most) }
      }
    }

    private func piece(at offset: Int, _ most: Int) throws -> [UInt8] {
      var got = 0
      let piece = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
        repeat {
          got = pread(descriptor, buffer.baseAddress, most, off_t(start + offset))
        } while got < 0 && errno == EINTR
        filled = max(got, 0)
      }
      if got < 0 { throw failure(String(cString: strerror(errno))) }
      return piece
    }

    /// The next bytes; nil at the end.
    ///
    /// - Throws: ``RPCError`` when it can't be read, or is shorter than it was; `CancellationError`.
    func next() async throws -> [UInt8]? { try await BlockingRead.run { try self.nextNow($0) } }

    /// The next bytes; nil at the end. What is appended to a file meanwhile isn't its part.
    ///
    /// - Throws: ``RPCError`` when it can't be read, or is shorter than it was; `CancellationError`.
    private func nextNow(_ isCancelled: CancellationMark) throws -> [UInt8]? {
      let before = count.load(ordering: .relaxed)
      let wanted = min(LocalFile.pieceBytes, bytes.map { $0 - before } ?? .max)
      if wanted == 0 { return nil }
      try waitForBytes(isCancelled)
      var got = 0
      let piece = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
        repeat { got = read(descriptor, buffer.baseAddress, wanted) } while got < 0 && errno == EINTR
        filled = max(got, 0)
      }
      if got < 0 { throw failure(String(cString: strerror(errno))) }
      if got == 0, let bytes { throw failure("it has \(before) bytes, and had \(bytes) when it was opened") }
      count.store(before + got, ordering: .relaxed)
      return piece.isEmpty ? nil : piece
    }

    private func failure(_ what: String) -> RPCError {
      RPCError(.dataLoss, reason: "LOCAL_FILE_NOT_READ", "\(path): \(what).")
    }

    /// Looks now and then whether the upload is still wanted.
    private func waitForBytes(_ isCancelled: CancellationMark) throws {
      guard isWaitedFor else { return }
      var look = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      repeat { if isCancelled.isSet { throw CancellationError() } } while poll(&look, 1, 100) == 0
    }
  }
#endif
