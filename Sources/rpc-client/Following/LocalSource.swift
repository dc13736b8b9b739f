#if Server
  import RPCClient
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// A regular file of this machine that is read anywhere, by several tasks at the same time.
  final class LocalSource: Sendable {
    private let path: String
    private let descriptor: Int32
    private let bytes: Int

    /// - Returns: nil for what isn't a regular file of a known size: it is read from its start to its end.
    /// - Throws: ``RPCError`` when it can't be opened.
    init?(_ path: String) throws {
      self.path = path
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw LocalFile.notOpened(path) }
      var information = stat()
      fstat(descriptor, &information)
      bytes = Int(information.st_size)
      guard information.st_mode & S_IFMT == S_IFREG, bytes > 0 else { return nil }
    }

    deinit { close(descriptor) }

    var source: UploadSource {
      UploadSource(bytes: bytes, name: FileName.parts(path).last) { offset, most in try self.read(offset, most) }
    }

    private func read(_ offset: Int, _ most: Int) throws -> [UInt8] {
      var got = 0
      let piece = [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
        repeat { got = pread(descriptor, buffer.baseAddress, most, off_t(offset)) } while got < 0 && errno == EINTR
        filled = max(got, 0)
      }
      guard got >= 0 else {
        throw RPCError(.dataLoss, reason: "LOCAL_FILE_NOT_READ", "\(path): \(String(cString: strerror(errno))).")
      }
      return piece
    }
  }
#endif
