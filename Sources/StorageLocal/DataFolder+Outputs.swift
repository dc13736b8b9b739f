public import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DataFolder: InputStorage, OutputStorage {
  public func stage(job: String, epoch: Int) throws -> any ResultStage {
    let file = try makeResultName(job: job, epoch: epoch)
    return LocalStage(path: "\(path)/\(file)", file: file)
  }

  public func openResult(_ file: String) throws -> any InputObject { try openResultFile(file) }

  func openResultFile(_ file: String) throws -> LocalInput {
    let (folder, last) = try openParent(of: file)
    let opened = OpenFile(
      descriptor: try check("open", openat(folder.descriptor, last, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)))
    return try LocalInput(opened, name: file)
  }

  public func removeResult(_ file: String, of job: String) {
    guard let (parent, name) = try? openParent(of: file) else { return }
    unlinkat(parent.descriptor, name, 0)
    unlinkat(parent.descriptor, name + ".rejects", 0)
    removeEmptyStage(of: job)
  }

  public func hold(_ output: String, atMostMilliseconds: Int) async throws -> (any OutputHold)? {
    try await OutputLock.take(output, in: self, atMostMilliseconds: atMostMilliseconds)
  }

  public func holdNow(_ output: String) throws -> (any OutputHold)? { try OutputLock.takeNow(output, in: self) }

  /// Links the result to the temporary name, and renames that over the visible name.
  public func show(
    _ result: String, as output: String, temporary: String, passed: (ShowingStep) -> Void
  ) throws(SystemCallError) {
    let (results, file) = try openParent(of: result)
    let (visible, name) = try openParent(of: output)
    var there = stat()
    // A name that a link, a pipe or a device has taken since the submission: what isn't ours is never replaced.
    if fstatat(visible.descriptor, name, &there, AT_SYMLINK_NOFOLLOW) == 0,
      let what = DataFolder.kindThatIsNoFile(there)
    {
      throw SystemCallError("the name is \(what)", EEXIST)
    }
    let staging = try openOwn("publish")
    unlinkat(staging.descriptor, temporary, 0)
    try check("link", linkat(results.descriptor, file, staging.descriptor, temporary, 0))
    passed(.linked)
    do {
      try check("rename", renameat(staging.descriptor, temporary, visible.descriptor, name))
    } catch {
      unlinkat(staging.descriptor, temporary, 0)
      throw error
    }
    passed(.renamed)
    // A rename between two links of one inode does nothing, and leaves both.
    unlinkat(staging.descriptor, temporary, 0)
    passed(.unlinked)
    try visible.synchronize()
    passed(.synced)
  }

  /// Whether a visible name is a link to that result's file.
  public func shows(_ result: String, as output: String) -> Bool {
    guard let file = try? openResultFile(result), let visible = try? identity(of: output) else { return false }
    return visible == file.identity
  }

  public func hide(_ output: String, showing result: String) throws {
    // Where the folder has gone, nothing visible is ours.
    guard shows(result, as: output), let (parent, name) = try? openParent(of: output) else { return }
    try check("unlink", unlinkat(parent.descriptor, name, 0))
    try parent.synchronize()
  }
}
