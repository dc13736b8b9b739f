public import JobQueue
public import Logging
import Storage
public import StorageLocal
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Removes result files that no job will ever name: of older epochs, of jobs that ended without them, and, after a day,
/// of jobs that the store has forgotten.
public struct Janitor: Sendable {
  private let folder: DataFolder
  private let store: any JobStore
  private let logger: Logger
  private let orphanSeconds: Int

  public init(
    folder: DataFolder, store: any JobStore, orphanSeconds: Int = 86_400,
    logger: Logger = Logger(label: "tally.janitor")
  ) {
    self.folder = folder
    self.store = store
    self.orphanSeconds = orphanSeconds
    self.logger = logger
  }

  /// Goes through all results once; returns how many files it removed.
  @discardableResult
  public func sweep() async throws -> Int {
    let results = try folder.openOwn("results")
    var removed = 0
    for job in try DataFolder.names(in: results) {
      // Another process's janitor may have been here.
      guard let place = try? DataFolder.openFolder(job, in: results) else { continue }
      // The files first, the record then: a file that appears in between is not looked at.
      let files = try DataFolder.names(in: place)
      let record = try await store.job(job)
      for file in files where Janitor.mayRemove(file, of: record) {
        if record == nil, try !isOld(file, in: place) { continue }
        guard unlinkat(place.descriptor, file, 0) == 0 else {
          if errno == ENOENT { continue }
          throw SystemCallError("unlink \(file)", errno)
        }
        logger.info("a result that no job names is removed", metadata: ["job": "\(job)", "file": "\(file)"])
        removed += 1
      }
      // Fails while files are left, as it should.
      if record?.state.isFinal ?? true { unlinkat(results.descriptor, job, AT_REMOVEDIR) }
    }
    return removed
  }

  /// Whether a file named `<epoch>-<nonce>` can never be the job's result.
  static func mayRemove(_ file: String, of job: JobRecord?) -> Bool {
    // A file of rejected rows goes with its result.
    let file = file.hasSuffix(".rejects") ? String(file.dropLast(".rejects".count)) : file
    guard let epoch = Int(file.prefix { $0 != "-" }) else { return false }
    guard let job else { return true }
    if let result = job.result, result.file.hasSuffix("/\(file)") { return false }
    return epoch < job.epoch || job.state.isFinal
  }

  private func isOld(_ file: String, in place: OpenFile) throws -> Bool {
    var information = stat()
    try check("stat", fstatat(place.descriptor, file, &information, AT_SYMLINK_NOFOLLOW))
    #if canImport(Darwin)
      let modified = information.st_mtimespec.tv_sec
    #else
      let modified = information.st_mtim.tv_sec
    #endif
    return time(nil) - modified > orphanSeconds
  }
}
