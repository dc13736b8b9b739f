public import Storage

#if canImport(Glibc)
  package import Glibc
#elseif canImport(Darwin)
  package import Darwin
#endif

/// An open file or folder; closed when nobody holds it any more.
public final class OpenFile: Sendable {
  public let descriptor: Int32

  package init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// The size in bytes, which file it is, and what kind.
  package var information: stat {
    var information = stat()
    fstat(descriptor, &information)
    return information
  }

  /// Bytes of the file.
  public var size: Int { Int(information.st_size) }

  package var isFolder: Bool { information.st_mode & S_IFMT == S_IFDIR }

  /// Reads up to that many bytes at an offset; fewer at the file's end, none after it.
  ///
  /// - Throws: ``SystemCallError``.
  public func read(at offset: Int, bytes: Int) throws(SystemCallError) -> [UInt8] {
    var failure: Int32 = 0
    let piece = [UInt8](unsafeUninitializedCapacity: bytes) { buffer, count in
      while count < bytes {
        let got = pread(descriptor, buffer.baseAddress! + count, bytes - count, off_t(offset + count))
        if got == 0 { return }
        if got < 0 {
          if errno == EINTR { continue }
          failure = errno
          return
        }
        count += got
      }
    }
    if failure != 0 { throw SystemCallError("read", failure) }
    return piece
  }

  /// - Throws: ``SystemCallError``.
  package func synchronize() throws(SystemCallError) { try check("fsync", fsync(descriptor)) }
}
