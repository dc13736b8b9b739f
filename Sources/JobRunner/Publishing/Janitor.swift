public import JobQueue
public import Logging
public import Storage
import TallySchema

/// Removes result files that no job will ever name: of older epochs, of jobs that ended without them, and, after a day,
/// of jobs that the store has forgotten.
public struct Janitor: Sendable {
  private let storage: any OutputStorage
  private let store: any JobStore
  private let logger: Logger
  private let orphanSeconds: Int

  public init(
    storage: any OutputStorage, store: any JobStore, orphanSeconds: Int = 86_400,
    logger: Logger = Logger(label: "tally.janitor")
  ) {
    self.storage = storage
    self.store = store
    self.orphanSeconds = orphanSeconds
    self.logger = logger
  }

  /// Goes through all results once; returns how many files it removed.
  @discardableResult
  public func sweep() async throws -> Int {
    var removed = 0
    for job in try storage.stagedJobs() {
      // The files first, the record then: a file that appears in between is not looked at.
      let files = try storage.stagedFiles(of: job)
      let record = try await store.job(job)
      for file in files where Janitor.mayRemove(file.name, of: record) {
        if record == nil, file.ageSeconds <= orphanSeconds { continue }
        guard try storage.removeStaged(file.name, of: job) else { continue }
        logger.info("a result that no job names is removed", metadata: ["job": "\(job)", "file": "\(file.name)"])
        removed += 1
      }
      if record?.state.isFinal ?? true { storage.removeEmptyStage(of: job) }
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
}
