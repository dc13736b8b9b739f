#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The lock that makes one process the owner of an embedded store; the kernel takes it back when the process dies.
final class StoreOwnership: Sendable {
  private let descriptor: Int32

  /// - Parameter name: of the new owner, as a second one will read it.
  /// - Throws: ``StoreInUse``, which names the owner.
  init(path: String, name: String) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StoreNotWritable(path: path, number: errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      var text = [UInt8](repeating: 0, count: 256)
      let count = pread(descriptor, &text, text.count, 0)
      throw StoreInUse(path: path, owner: String(decoding: text[..<max(count, 0)], as: UTF8.self))
    }
    let text = Array(name.utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      throw StoreNotWritable(path: path, number: errno)
    }
  }

  // Runs after a throw as well: the descriptor is set by then.
  deinit { if descriptor >= 0 { close(descriptor) } }
}

/// The store's folder can't be written.
public struct StoreNotWritable: Error, CustomStringConvertible {
  public var path: String
  public var number: Int32

  public var description: String {
    let advice =
      switch number {
      case ENOSPC, EDQUOT: "Make room on its disk"
      case EROFS: "Its file system is mounted read-only: mount it for writing"
      case ELOOP: "It is a symbolic link, and those aren't followed: name the folder itself with --state"
      case ENOENT: "Make its folder, or name another with --state"
      default: "Give the server's user the right to write there, or name another folder with --state"
      }
    return "\(path): the embedded store's lock file can't be written (\(String(cString: strerror(number)))). \(advice)"
  }
}

/// Another process owns the store.
public struct StoreInUse: Error, CustomStringConvertible {
  public var path: String
  public var owner: String
  public var description: String {
    "\(path): the embedded store belongs to one process at a time; it is held by \(owner). Stop that one, or give this "
      + "server another --state folder"
  }
}
