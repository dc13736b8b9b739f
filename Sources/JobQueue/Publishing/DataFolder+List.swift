public import Schema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DataFolder {
  /// A regular file that a name leads to.
  public struct Entry: Hashable, Sendable {
    public var name: String
    public var bytes: Int
    public var modifiedAt: Timestamp
  }

  /// Folders inside each other that are looked into, at the most.
  private static let depthMost = 16

  /// The files whose names begin so and come after another name, in order of their bytes, at most that many.
  ///
  /// - Throws: ``SystemCallError``.
  public func list(prefix: String, after last: String?, most: Int) throws(SystemCallError) -> [Entry] {
    var found: [Entry] = []
    let wanted = { (name: String) in
      name.utf8.starts(with: prefix.utf8) && last.map { DataFolder.isBefore($0, name) } ?? true
    }
    try walk("", depth: 0, wanted, &found)
    return Array(found.sorted { DataFolder.isBefore($0.name, $1.name) }.prefix(most))
  }

  private func walk(
    _ path: String, depth: Int, _ wanted: (String) -> Bool, _ found: inout [Entry]
  ) throws(SystemCallError) {
    let folder = path.isEmpty ? root : try openFolder(at: path)
    for name in try DataFolder.names(in: folder) where !(path.isEmpty && name == FileName.reservedFolder) {
      let full = path.isEmpty ? name : "\(path)/\(name)"
      var information = stat()
      guard fstatat(folder.descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      switch information.st_mode & S_IFMT {
      case S_IFREG where wanted(full) && FileName.problem(full) == nil:
        found.append(DataFolder.entry(full, information))
      case S_IFDIR where depth < DataFolder.depthMost:
        // A folder that goes, or that may not be read, while the others are listed is left out.
        try? walk(full, depth: depth + 1, wanted, &found)
      default: break
      }
    }
  }

  private func openFolder(at path: String) throws(SystemCallError) -> OpenFile {
    let (parent, last) = try openParent(of: path)
    return try DataFolder.openFolder(last, in: parent)
  }

  private static func entry(_ name: String, _ information: stat) -> Entry {
    #if canImport(Darwin)
      let modified = information.st_mtimespec
    #else
      let modified = information.st_mtim
    #endif
    return Entry(
      name: name, bytes: Int(information.st_size),
      modifiedAt: Timestamp(milliseconds: Int64(modified.tv_sec) * 1_000 + Int64(modified.tv_nsec) / 1_000_000))
  }

  private static func isBefore(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// The names in a folder, sorted, without `.` and `..`.
  static func names(in folder: OpenFile) throws(SystemCallError) -> [String] {
    // Opened anew: a copy of the descriptor would share its place in the folder with whoever else reads it.
    let copy = try check("open .", openat(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    guard let stream = fdopendir(copy) else {
      close(copy)
      throw SystemCallError("fdopendir", errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
