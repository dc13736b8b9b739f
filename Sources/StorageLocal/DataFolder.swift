public import Storage
import Synchronization
public import TallySchema

#if canImport(Glibc)
  package import Glibc
#elseif canImport(Darwin)
  package import Darwin
#endif

/// The folder of inputs and outputs. Names are opened beneath it, part by part, and no symbolic link is followed: a name
/// can't lead out of it.
///
/// The server's own files are in `.tally` inside it, on the same file system, so that a result can be linked to its
/// visible name: `results/<job>/<epoch>-<nonce>`, `uploads/<nonce>`, `uploads/<upload>/<offset>-<epoch>-<nonce>`, `publish/`,
/// `locks/`.
public final class DataFolder: Sendable {
  /// The folders that are open: the data folder, and `.tally` in it.
  private struct Folders: Sendable {
    var root: OpenFile
    var own: OpenFile
  }

  public let path: String
  private let storeUUID: String
  private let folders: Mutex<Folders>

  package var root: OpenFile { folders.withLock { $0.root } }
  private var own: OpenFile { folders.withLock { $0.own } }

  /// Opens the folder, and makes it and its `.tally` where they are missing.
  ///
  /// - Parameter storeUUID: of the store whose results are kept here.
  /// - Throws: ``SystemCallError``; ``ForeignFolder`` when another store's results are there.
  public init(path: String, storeUUID: String) throws {
    self.path = path
    self.storeUUID = storeUUID
    if mkdir(path, 0o755) != 0, errno != EEXIST { throw SystemCallError("mkdir \(path)", errno) }
    let root = try DataFolder.openRoot(path)
    let own = try DataFolder.makeFolder(FileName.reservedFolder, in: root, mode: 0o700)
    for name in ["results", "uploads", "publish", "locks"] { _ = try DataFolder.makeFolder(name, in: own, mode: 0o700) }
    try DataFolder.claim(own, storeUUID: storeUUID)
    try root.synchronize()
    folders = Mutex(Folders(root: root, own: own))
  }

  private static func openRoot(_ path: String) throws(SystemCallError) -> OpenFile {
    OpenFile(descriptor: try check("open \(path)", open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
  }

  /// Checks that the folder still stands under its path. One that was moved away, or whose file system is gone, isn't used any
  /// more; one that has come back, with this store's own mark, is.
  ///
  /// - Throws: ``JobFailure`` DATA_FOLDER_GONE, which passes.
  public func checkInPlace() throws(JobFailure) {
    var information = stat()
    let isThere = stat(path, &information) == 0
    let known = root.information
    if isThere, information.st_ino == known.st_ino, information.st_dev == known.st_dev { return }
    guard isThere else { throw gone("it isn't there (\(String(cString: strerror(errno))))") }
    guard let again = try? DataFolder.openRoot(path),
      let own = try? DataFolder.openFolder(FileName.reservedFolder, in: again),
      (try? DataFolder.mark(of: own))?.hasSameBytes(as: storeUUID) == true
    else { throw gone("another folder has its name, without this store's .tally in it") }
    folders.withLock { $0 = Folders(root: again, own: own) }
  }

  private func gone(_ why: String) -> JobFailure {
    JobFailure(
      .unavailable, reason: "DATA_FOLDER_GONE",
      "The server's data folder was moved, replaced or lost: \(why). Bring it back, or start the server again with the new one."
    )
  }

  /// Opens an input for reading.
  ///
  /// - Throws: ``JobFailure``: INPUT_NOT_FOUND, INPUT_NOT_A_FILE, INPUT_NOT_READABLE.
  package func openInput(_ name: String) throws(JobFailure) -> OpenFile {
    try checkInPlace()
    do {
      let (folder, last) = try openParent(of: name)
      // Without O_NONBLOCK, opening a named pipe would wait for a writer.
      let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
      let file = OpenFile(descriptor: try check("open", openat(folder.descriptor, last, flags)))
      guard file.information.st_mode & S_IFMT == S_IFREG else {
        throw JobFailure(
          .failedPrecondition, reason: "INPUT_NOT_A_FILE",
          "\(name): this is \(file.isFolder ? "a folder. Name a file in it" : "no regular file").", file: name)
      }
      return file
    } catch let failure as JobFailure {
      throw failure
    } catch {
      throw inputFailure(name, error as? SystemCallError)
    }
  }

  /// Checks that a result could be shown under that name.
  ///
  /// - Returns: whether the name stands for a file now.
  /// - Throws: ``JobFailure``: OUTPUT_FOLDER_NOT_FOUND, OUTPUT_NOT_A_FILE, or OUTPUT_IS_INPUT when the name stands for the
  ///   input's own file.
  @discardableResult
  public func checkOutput(_ name: String, input: any InputObject) throws(JobFailure) -> Bool {
    let parent: (OpenFile, String)
    do {
      parent = try openParent(of: name)
    } catch {
      throw JobFailure(
        .failedPrecondition, reason: "OUTPUT_FOLDER_NOT_FOUND",
        linkPart(of: name).map {
          "\(name): '\($0)' is a symbolic link, and those aren't followed. Name the folder itself."
        }
          ?? "\(name): the folder for this output isn't there (\(error)). Make it below the data folder first.",
        file: name)
    }
    var information = stat()
    guard fstatat(parent.0.descriptor, parent.1, &information, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
    if let what = DataFolder.kindThatIsNoFile(information) {
      throw JobFailure(
        .failedPrecondition, reason: "OUTPUT_NOT_A_FILE",
        "\(name): this is \(what), which an output never replaces. Name a file, or a name that isn't there.", file: name
      )
    }
    if DataFolder.identity(information) == input.identity {
      throw JobFailure(
        .failedPrecondition, reason: "OUTPUT_IS_INPUT",
        "\(name): this is the input's own file under another name. An output never overwrites an input.", file: name)
    }
    return true
  }

  /// What stands under a name that isn't a regular file; nil: a file.
  package static func kindThatIsNoFile(_ information: stat) -> String? {
    switch information.st_mode & S_IFMT {
    case S_IFREG: nil
    case S_IFDIR: "a folder"
    case S_IFLNK: "a symbolic link"
    case S_IFIFO: "a named pipe"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }

  /// Makes the folder of a job's results, and names a file in it that doesn't exist: `<epoch>-<nonce>`.
  ///
  /// - Returns: the name below the data folder.
  /// - Throws: ``SystemCallError``.
  public func makeResultName(job: String, epoch: Int) throws -> String {
    try checkInPlace()
    let results = try DataFolder.openFolder("results", in: own)
    let folder = try DataFolder.makeFolder(job, in: results, mode: 0o700)
    try results.synchronize()
    try folder.synchronize()
    let nonce = String(UInt32.random(in: .min ... .max), radix: 16)
    return "\(FileName.reservedFolder)/results/\(job)/\(epoch)-\(nonce)"
  }

  /// A name for the file of an upload, which nothing else has.
  func makeUploadName() throws -> String {
    try checkInPlace()
    _ = try DataFolder.makeFolder("uploads", in: own, mode: 0o700)
    return "\(FileName.reservedFolder)/uploads/\(String(UInt64.random(in: .min ... .max), radix: 16))"
  }

  /// Opens a folder beneath another; makes it, durably, where it isn't there.
  func makeDurableFolder(
    _ name: String, in folder: OpenFile, mode: mode_t = 0o755
  ) throws(SystemCallError) -> OpenFile {
    if let there = try? DataFolder.openFolder(name, in: folder) { return there }
    let made = try DataFolder.makeFolder(name, in: folder, mode: mode)
    try folder.synchronize()
    return made
  }

  package func openOwn(_ name: String) throws(SystemCallError) -> OpenFile { try DataFolder.openFolder(name, in: own) }

  /// Opens the folder that a name stands in; returns the name's last part with it.
  package func openParent(of name: String) throws(SystemCallError) -> (OpenFile, String) {
    var folder = root
    var parts = FileName.parts(name)
    let last = parts.removeLast()
    for part in parts { folder = try DataFolder.openFolder(part, in: folder) }
    return (folder, last)
  }

  package static func openFolder(_ name: String, in folder: OpenFile) throws(SystemCallError) -> OpenFile {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    return OpenFile(descriptor: try check("open \(name)", openat(folder.descriptor, name, flags)))
  }

  private static func makeFolder(
    _ name: String, in folder: OpenFile, mode: mode_t
  ) throws(SystemCallError) -> OpenFile {
    if mkdirat(folder.descriptor, name, mode) != 0, errno != EEXIST { throw SystemCallError("mkdir \(name)", errno) }
    return try openFolder(name, in: folder)
  }

  /// Writes the store's UUID where none is, and refuses the folder of another.
  private static func claim(_ folder: OpenFile, storeUUID: String) throws {
    let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
    let mark = OpenFile(descriptor: try check("open store", openat(folder.descriptor, "store", flags, 0o600)))
    let found = String(decoding: try mark.read(at: 0, bytes: 64), as: UTF8.self)
    if found == storeUUID { return }
    if !found.isEmpty { throw ForeignFolder(found: found, expected: storeUUID) }
    let text = Array(storeUUID.utf8)
    guard pwrite(mark.descriptor, text, text.count, 0) == text.count else { throw SystemCallError("write", errno) }
    try mark.synchronize()
    try folder.synchronize()
  }

  private static func mark(of own: OpenFile) throws(SystemCallError) -> String {
    let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC
    let mark = OpenFile(descriptor: try check("open store", openat(own.descriptor, "store", flags)))
    return String(decoding: try mark.read(at: 0, bytes: 64), as: UTF8.self)
  }
}

/// A data folder whose `.tally` belongs to another store.
public struct ForeignFolder: Error, CustomStringConvertible {
  public var found: String
  public var expected: String
  public var description: String {
    "the data folder's results belong to the store \(found), not to \(expected). Give each store a data folder of its own, "
      + "or, if that store is gone, remove .tally in the data folder"
  }
}
