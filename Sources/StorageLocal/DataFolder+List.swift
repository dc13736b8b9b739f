public import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DataFolder {
  /// What a folder says of one name in it.
  struct RawEntry {
    enum Kind { case file, folder, other, unknown }

    var name: String
    /// Unknown where the file system doesn't tell with the name.
    var told: Kind

    /// - Parameter path: of the entry's folder.
    func kind(in folder: DataFolder, _ path: String) throws(SystemCallError) -> Kind {
      if told != .unknown { return told }
      let parent = try folder.openFolder(at: path)
      var information = stat()
      guard fstatat(parent.descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else { return .other }
      switch information.st_mode & S_IFMT {
      case S_IFREG: return .file
      case S_IFDIR: return .folder
      default: return .other
      }
    }
  }

  /// Folders inside each other that are looked into, at the most.
  private static let depthMost = 16

  /// The files whose names begin so and come after another name, in order of their bytes, at most that many.
  ///
  /// Only folders whose files can be among them are read, and only the files of the answer are looked at.
  ///
  /// - Throws: ``SystemCallError``; `CancellationError` when it is to stop.
  public func list(
    prefix: String, after last: String?, most: Int, isStopping: Stopping
  ) throws -> [InputEntry] {
    var names: [String] = []
    do {
      try walk("", depth: 0, prefix, last, isStopping, &names)
    } catch let error as SystemCallError where error.number == ECANCELED {
      throw CancellationError()
    }
    names.sort(by: DataFolder.isBefore)
    var found: [InputEntry] = []
    for name in names {
      if found.count == most { break }
      if isStopping() { throw CancellationError() }
      if let entry = entry(name) { found.append(entry) }
    }
    return found
  }

  private func walk(
    _ path: String, depth: Int, _ prefix: String, _ last: String?, _ isStopping: Stopping, _ found: inout [String]
  ) throws {
    for entry in try entries(of: path, most: .max, isStopping: isStopping) {
      if path.isEmpty, entry.name.hasSameBytes(as: FileName.reservedFolder) { continue }
      let full = path.isEmpty ? entry.name : "\(path)/\(entry.name)"
      if isStopping() { throw SystemCallError("readdir", ECANCELED) }
      // Asked first: what kind it is may cost a look at it.
      guard full.beginsWithBytes(of: prefix) || prefix.beginsWithBytes(of: full + "/") else { continue }
      switch try entry.kind(in: self, path) {
      case .file:
        guard full.beginsWithBytes(of: prefix), last.map({ DataFolder.isBefore($0, full) }) ?? true,
          FileName.problem(full) == nil
        else { continue }
        found.append(full)
      case .folder where depth < DataFolder.depthMost:
        let inside = full + "/"
        guard inside.beginsWithBytes(of: prefix) || prefix.beginsWithBytes(of: inside) else { continue }
        do {
          try walk(full, depth: depth + 1, prefix, last, isStopping, &found)
        } catch let error as SystemCallError where error.number != ECANCELED {
          // A folder that goes, or that may not be read, while the others are listed is left out.
        }
      default: continue
      }
    }
  }

  func openFolder(at path: String) throws(SystemCallError) -> OpenFile {
    if path.isEmpty { return root }
    let (parent, last) = try openParent(of: path)
    return try DataFolder.openFolder(last, in: parent)
  }

  /// Nil: the file has gone.
  private func entry(_ name: String) -> InputEntry? {
    guard let (parent, last) = try? openParent(of: name) else { return nil }
    var information = stat()
    guard fstatat(parent.descriptor, last, &information, AT_SYMLINK_NOFOLLOW) == 0,
      information.st_mode & S_IFMT == S_IFREG
    else { return nil }
    #if canImport(Darwin)
      let modified = information.st_mtimespec
    #else
      let modified = information.st_mtim
    #endif
    return InputEntry(
      name: name, bytes: Int(information.st_size),
      modifiedAt: Timestamp(milliseconds: Int64(modified.tv_sec) * 1_000 + Int64(modified.tv_nsec) / 1_000_000))
  }

  static func isBefore(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// The names in a folder, sorted, without `.` and `..`.
  package static func names(in folder: OpenFile) throws(SystemCallError) -> [String] {
    try entries(in: folder, most: .max).map(\.name).sorted(by: isBefore)
  }

  /// The entries of a folder below the data folder, in no order.
  ///
  /// - Parameter most: that are read.
  func entries(of path: String, most: Int, isStopping: Stopping) throws(SystemCallError) -> [RawEntry] {
    try DataFolder.entries(in: try openFolder(at: path), most: most, isStopping: isStopping)
  }

  private static func entries(
    in folder: OpenFile, most: Int, isStopping: Stopping = { false }
  ) throws(SystemCallError) -> [RawEntry] {
    // Opened anew: a copy of the descriptor would share its place in the folder with whoever else reads it.
    let copy = try check("open .", openat(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    guard let stream = fdopendir(copy) else {
      close(copy)
      throw SystemCallError("fdopendir", errno)
    }
    defer { closedir(stream) }
    var found: [RawEntry] = []
    while found.count < most, let entry = readdir(stream) {
      if isStopping() { throw SystemCallError("readdir", ECANCELED) }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      let kind: RawEntry.Kind =
        switch Int(entry.pointee.d_type) {
        case Int(DT_REG): .file
        case Int(DT_DIR): .folder
        case Int(DT_UNKNOWN): .unknown
        default: .other
        }
      found.append(RawEntry(name: name, told: kind))
    }
    return found
  }
}
