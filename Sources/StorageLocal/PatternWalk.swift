import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the files that patterns match, part by part (POSIX, "Pattern Matching Notation"): only folders that a pattern's
/// parts lead to are read, and each is read once, however many patterns there are.
struct PatternWalk {
  private let folder: DataFolder
  private let entriesMost: Int
  private let isStopping: DataFolder.Stopping
  /// The entries of the folders that have been read, by path.
  private var known: [UTF8Key: [DataFolder.RawEntry]] = [:]
  private var entriesSeen = 0

  /// - Parameter entriesMost: that are looked at for all patterns.
  init(folder: DataFolder, entriesMost: Int, isStopping: @escaping DataFolder.Stopping) {
    (self.folder, self.entriesMost, self.isStopping) = (folder, entriesMost, isStopping)
  }

  /// The names of the regular files that a pattern matches, in order of their bytes.
  ///
  /// - Throws: ``JobFailure``; ``SystemCallError`` when the data folder itself can't be read.
  mutating func matches(_ pattern: String) throws -> [String] {
    var found: [String] = []
    try descend("", FileName.parts(pattern)[...], &found)
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private mutating func descend(_ path: String, _ parts: ArraySlice<String>, _ found: inout [String]) throws {
    guard let part = parts.first else { return }
    let rest = parts.dropFirst()
    func full(_ name: String) -> String { path.isEmpty ? name : "\(path)/\(name)" }
    // Parts without a pattern are gone to, not looked for.
    if !rest.isEmpty, !FileName.isPattern(part) { return try descend(full(part), rest, &found) }
    for entry in try entries(path) {
      if isStopping() { throw JobFailure(.cancelled, reason: "CANCELLED", "The listing was cancelled.") }
      guard fnmatch(part, entry.name, FNM_PATHNAME | FNM_PERIOD) == 0 else { continue }
      if path.isEmpty, entry.name.hasSameBytes(as: FileName.reservedFolder) { continue }
      let name = full(entry.name)
      if rest.isEmpty {
        if try entry.kind(in: folder, path) == .file, FileName.problem(name) == nil { found.append(name) }
      } else if try entry.kind(in: folder, path) == .folder {
        try descend(name, rest, &found)
      }
    }
  }

  private mutating func entries(_ path: String) throws -> [DataFolder.RawEntry] {
    if let entries = known[UTF8Key(path)] { return entries }
    let entries: [DataFolder.RawEntry]
    do throws(SystemCallError) {
      entries = try folder.entries(of: path, most: entriesMost - entriesSeen + 1, isStopping: isStopping)
    } catch {
      // A folder that isn't there, or that may not be read, has no match; the data folder itself must be there.
      if path.isEmpty || error.number == EMFILE || error.number == ENFILE { throw error }
      entries = []
    }
    entriesSeen += entries.count
    if entriesSeen > entriesMost {
      throw JobFailure(
        .outOfRange, reason: "TOO_MANY_ENTRIES",
        "The patterns lead to folders with more than \(entriesMost) entries (patternEntries). Name a folder with fewer, or raise "
          + "the limit.")
    }
    known[UTF8Key(path)] = entries
    return entries
  }
}
