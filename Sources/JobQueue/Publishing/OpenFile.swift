#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An open file or folder; closed when nobody holds it any more.
public final class OpenFile: Sendable {
  public let descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// The size in bytes, which file it is, and what kind.
  var information: stat {
    var information = stat()
    fstat(descriptor, &information)
    return information
  }

  /// Bytes of the file.
  public var size: Int { Int(information.st_size) }

  var isFolder: Bool { information.st_mode & S_IFMT == S_IFDIR }

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
  func synchronize() throws(SystemCallError) { try check("fsync", fsync(descriptor)) }
}

/// A system call that failed, and the error number that it gave.
public struct SystemCallError: Error, Hashable, CustomStringConvertible {
  public var call: String
  public var number: Int32

  public init(_ call: String, _ number: Int32) {
    self.call = call
    self.number = number
  }

  public var description: String { "\(call): \(String(cString: strerror(number)))" }
}

/// Turns the C convention (-1 and `errno`) into an error.
@discardableResult
func check(_ call: String, _ result: Int32) throws(SystemCallError) -> Int32 {
  if result < 0 { throw SystemCallError(call, errno) }
  return result
}
