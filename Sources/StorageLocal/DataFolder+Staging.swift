public import Storage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DataFolder {
  public func stagedJobs() throws -> [String] { try DataFolder.names(in: try openOwn("results")) }

  public func stagedFiles(of job: String) throws -> [StagedFile] {
    // Another process's janitor may have been here.
    guard let folder = try? DataFolder.openFolder(job, in: try openOwn("results")) else { return [] }
    return try DataFolder.staged(in: folder)
  }

  static func staged(in folder: OpenFile) throws(SystemCallError) -> [StagedFile] {
    let now = time(nil)
    return try DataFolder.names(in: folder).compactMap { name in
      var information = stat()
      guard fstatat(folder.descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
      return StagedFile(name: name, ageSeconds: DataFolder.ageSeconds(information, at: now))
    }
  }

  /// Since a file was last written.
  static func ageSeconds(_ information: stat, at now: time_t) -> Int {
    #if canImport(Darwin)
      now - information.st_mtimespec.tv_sec
    #else
      now - information.st_mtim.tv_sec
    #endif
  }

  public func removeStaged(_ file: String, of job: String) throws -> Bool {
    let folder = try DataFolder.openFolder(job, in: try openOwn("results"))
    if unlinkat(folder.descriptor, file, 0) == 0 { return true }
    if errno == ENOENT { return false }
    throw SystemCallError("unlink \(file)", errno)
  }

  public func removeEmptyStage(of job: String) {
    // Fails while files are left, as it should.
    if let results = try? openOwn("results") { unlinkat(results.descriptor, job, AT_REMOVEDIR) }
  }
}
