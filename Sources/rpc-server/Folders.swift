#if Server
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The folders that a server makes for itself.
  enum Folders {
    /// Makes a folder and those that it stands in, where they are missing.
    ///
    /// - Returns: whether it was made.
    /// - Throws: ``FolderProblem``.
    @discardableResult
    static func make(_ path: String, setting: String, mode: mode_t) throws -> Bool {
      var information = stat()
      if stat(path, &information) == 0 {
        guard information.st_mode & S_IFMT == S_IFDIR else {
          throw FolderProblem(path: path, setting: setting, number: ENOTDIR)
        }
        return false
      }
      var path = path
      while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
      if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
        try make(String(path[..<slash]), setting: setting, mode: 0o755)
      }
      guard mkdir(path, mode) == 0 || errno == EEXIST else {
        throw FolderProblem(path: path, setting: setting, number: errno)
      }
      return true
    }
  }

  /// A folder that can't be made or used, in its reader's words.
  struct FolderProblem: Error, CustomStringConvertible {
    var path: String
    /// The option that names it.
    var setting: String
    var number: Int32

    var description: String {
      switch number {
      case EACCES, EPERM:
        "the server's user may not make or use '\(path)' (--\(setting)). Make the folder, and give it to that user"
      case EROFS: "'\(path)' (--\(setting)) is on a file system that is mounted read-only"
      case ENOSPC, EDQUOT: "there is no room for '\(path)' (--\(setting)): its disk is full"
      case ENOTDIR: "'\(path)' (--\(setting)), or a part of that path, is no folder"
      default: "'\(path)' (--\(setting)) can't be made or used: \(String(cString: strerror(number)))"
      }
    }
  }
#endif
