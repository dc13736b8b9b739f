#if Server
  import Crypto
  import RPCClient
  import Synchronization
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Sends a file, and looks whether the server has got what was sent.
  struct Upload {
    private let file: LocalFile

    init(_ file: LocalFile) { self.file = file }

    /// - Throws: ``RPCError`` DATA_LOSS when what the server has is another.
    func run(_ client: TallyClient, as name: String, replace: Bool) async throws -> UploadedFile {
      let digest = Mutex(SHA256())
      let content = RPCUpload(bytes: file.bytes) { [file] in
        guard let piece = try file.next() else { return nil }
        digest.withLock { $0.update(data: piece) }
        return piece
      }
      let taken = try await client.upload(name, content, condition: replace ? .replacing : .newName)
      let sent = digest.withLock { $0.finalize().hexadecimal }
      guard taken.sha256 == sent else {
        throw RPCError(
          .dataLoss, reason: "UPLOAD_CHANGED",
          "'\(taken.name)' has the SHA-256 \(Excerpt.of(taken.sha256)) on the server, and \(sent) was sent: something on the way has "
            + "changed it. Send it again with --replace.")
      }
      return taken
    }
  }

  /// A file of this machine that is read from its start to its end; `-` is standard input.
  final class LocalFile: Sendable {
    private static let pieceBytes = 256 << 10

    /// Nil: a pipe, or a terminal.
    let bytes: Int?
    private let path: String
    private let descriptor: Int32

    /// - Throws: ``RPCError`` NOT_FOUND, FAILED_PRECONDITION when it can't be read.
    init(_ path: String) throws {
      self.path = path
      descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw RPCError(
          errno == ENOENT ? .notFound : .failedPrecondition, reason: "LOCAL_FILE_NOT_READ",
          "\(path): \(String(cString: strerror(errno))).")
      }
      var information = stat()
      fstat(descriptor, &information)
      guard information.st_mode & S_IFMT != S_IFDIR else {
        throw RPCError(
          .failedPrecondition, reason: "LOCAL_FILE_NOT_READ", "\(path): this is a folder. Name the files in it.")
      }
      let isRegular = information.st_mode & S_IFMT == S_IFREG
      // What was read of it before, as by a shell's `read`, isn't sent.
      let start = isRegular ? max(0, Int(lseek(descriptor, 0, SEEK_CUR))) : 0
      bytes = isRegular ? max(0, Int(information.st_size) - start) : nil
    }

    deinit { if descriptor > 0 { close(descriptor) } }

    /// The next bytes; nil at the end.
    func next() throws -> [UInt8]? {
      var count = 0
      let piece = [UInt8](unsafeUninitializedCapacity: LocalFile.pieceBytes) { buffer, filled in
        repeat { count = read(descriptor, buffer.baseAddress, buffer.count) } while count < 0 && errno == EINTR
        filled = max(count, 0)
      }
      guard count >= 0 else {
        throw RPCError(
          .dataLoss, reason: "LOCAL_FILE_NOT_READ", "\(path): \(String(cString: strerror(errno))).")
      }
      return piece.isEmpty ? nil : piece
    }
  }
#endif
