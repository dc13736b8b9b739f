import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is said of names that lead to no file.
extension DataFolder {
  /// The first part of a name that is a symbolic link, with what leads to it; nil: none is.
  func linkPart(of name: String) -> String? {
    var folder = root
    var path: [String] = []
    for part in FileName.parts(name) {
      path.append(part)
      var information = stat()
      guard fstatat(folder.descriptor, part, &information, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
      if information.st_mode & S_IFMT == S_IFLNK { return path.joined(separator: "/") }
      guard let next = try? DataFolder.openFolder(part, in: folder) else { return nil }
      folder = next
    }
    return nil
  }

  /// Names that a missing file's may have been meant for: of the files in its folder.
  private func hint(_ name: String) -> String {
    var parts = FileName.parts(name)
    let last = parts.removeLast()
    let path = parts.joined(separator: "/")
    guard let entries = try? entries(of: path, most: DataFolder.hintEntries, isStopping: { false }) else {
      return " There is no folder '\(Excerpt.of(path))' either."
    }
    let files = entries.filter { $0.told != .folder && $0.told != .other }.map(\.name).filter {
      FileName.problem($0) == nil
    }.sorted(by: DataFolder.isBefore)
    let place = path.isEmpty ? "" : "\(path)/"
    if let meant = Suggestion.nearest(to: last, among: files) { return " Did you mean '\(place)\(meant)'?" }
    return files.isEmpty ? " There are no files in it." : " The files there are \(Excerpt.list(files, most: 8))."
  }

  /// Entries of a folder that are looked at for a hint.
  private static let hintEntries = 1_000

  func inputFailure(_ name: String, _ error: SystemCallError?) -> JobFailure {
    if let link = linkPart(of: name) {
      return JobFailure(
        .permissionDenied, reason: "INPUT_NOT_READABLE",
        "\(name): '\(link)' is a symbolic link, and those aren't followed. Name the file itself.", file: name)
    }
    switch error?.number ?? 0 {
    case ENOENT, ENOTDIR:
      return JobFailure(
        .notFound, reason: "INPUT_NOT_FOUND", "\(name): there is no such file in the data folder.\(hint(name))",
        file: name)
    case EMFILE, ENFILE: return .noDescriptors(file: name)
    case EACCES, EPERM:
      return JobFailure(
        .permissionDenied, reason: "INPUT_NOT_READABLE", "\(name): the server may not read this file.", file: name)
    default:
      return JobFailure(
        .unavailable, reason: "INPUT_NOT_READABLE",
        "\(name): the file can't be read (\(error.map(\.description) ?? "unknown")).", file: name)
    }
  }
}
