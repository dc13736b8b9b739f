public import JobQueue
public import Logging
public import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Makes an output's name show the newest committed result. Repeatable: whoever does it, and however often, the name
/// shows one whole result, and never an older one than before.
public struct OutputPublisher: Sendable {
  /// For a name's lock, unless something else is said.
  public static let holdMilliseconds = 5_000

  private let storage: any OutputStorage
  private let store: any JobStore
  private let logger: Logger

  private let holdMilliseconds: Int

  /// - Parameter holdMilliseconds: how long another holder of a name's lock is waited for: it may have been stopped.
  public init(
    storage: any OutputStorage, store: any JobStore, holdMilliseconds: Int = OutputPublisher.holdMilliseconds,
    logger: Logger = Logger(label: "tally.publish")
  ) {
    self.storage = storage
    self.holdMilliseconds = holdMilliseconds
    self.store = store
    self.logger = logger
  }

  /// Publishes one output. What can't be done now is left to the next recovery; what never can is written to the job.
  public func publish(output: String) async {
    do {
      try await publishNewest(output)
    } catch {
      logger.warning("the output isn't published yet", metadata: ["output": "\(output)", "error": "\(error)"])
      if let reason = OutputPublisher.reason(error) { await tellDelay(of: output, because: reason) }
    }
  }

  /// Writes to the newest job of an output why it isn't shown yet.
  private func tellDelay(of output: String, because reason: String) async {
    let failure = JobFailure(
      .unavailable, reason: "PUBLICATION_DELAYED",
      "The result is there, and can't be shown as '\(output)' yet (\(reason)). That is tried again; cancelJob gives it up, "
        + "and the result stays downloadable.", file: output)
    do {
      guard let job = try await store.newestCommitted(output: output), job.isPublishing, let result = job.result else {
        return
      }
      try await store.markDelayed(job.id, generation: result.generation, failure: failure)
    } catch {
      logger.warning("the store can't record why the output isn't published", metadata: ["error": "\(error)"])
    }
  }

  /// What callers may be told of an error: nothing of where the store is; nil: nothing is wrong.
  private static func reason(_ error: any Error) -> String? {
    switch error {
    case is CancellationError: nil
    case let failure as JobFailure: failure.message
    case let error as SystemCallError: "\(error)"
    case is StoreUnavailable: "the job store doesn't answer"
    default: "an unexpected error; the server's log has it"
    }
  }

  /// Publishes everything that is committed and not shown yet: after a crash, and now and then.
  public func recover() async {
    do {
      // What this version can't read is left to those that can: it doesn't know which files belong to the result.
      let known = try await store.unpublished().filter { $0.unreadable == nil }
      for output in Set(known.compactMap(\.spec.output)) { await publish(output: output) }
    } catch {
      logger.warning("the store doesn't tell what is unpublished", metadata: ["error": "\(error)"])
    }
  }

  private func publishNewest(_ output: String) async throws {
    try storage.checkInPlace()
    guard let hold = try await storage.hold(output, atMostMilliseconds: holdMilliseconds) else {
      logger.warning("another holder keeps the output's lock", metadata: ["output": "\(output)"])
      return await tellDelay(of: output, because: "another process holds the name's lock")
    }
    defer { withExtendedLifetime(hold) {} }
    Failpoint.publishLocked.reach()
    // Under the lock: the newest generation, whoever made it.
    guard let job = try await store.newestCommitted(output: output), let result = job.result,
      job.publication == .pending, job.unreadable == nil
    else { return }
    Failpoint.publishChosen.reach()
    if let failure = try await overwritten(by: job) {
      logger.error("the output would replace an input", metadata: ["job": "\(job.id)", "error": "\(failure.message)"])
      return try await store.markUnpublishable(job.id, generation: result.generation, failure: failure)
    }
    do {
      // The rejected rows first: who sees the output finds them beside it. The two are not one step.
      if let rejects = job.spec.rejectsName {
        try show(result.rejectsFile, as: rejects, temporary: "\(job.id)-\(job.epoch)-rejects")
      }
      try show(result.file, as: output, temporary: "\(job.id)-\(job.epoch)")
    } catch {
      guard let failure = OutputPublisher.lasting(error, output: output) else { throw error }
      logger.error("the output can't be published", metadata: ["job": "\(job.id)", "error": "\(failure.message)"])
      return try await store.markUnpublishable(job.id, generation: result.generation, failure: failure)
    }
    try await store.markPublished(job.id, generation: result.generation)
    Failpoint.publishMarked.reach()
  }

  /// Why a job's outputs can't be shown: a file that a job reads under another name has been given one of their names since.
  /// Readers that use the output's own name don't count: the store's rules for names have already considered them.
  private func overwritten(by job: JobRecord) async throws -> JobFailure? {
    for name in job.spec.outputs {
      guard let identity = try storage.identity(of: name) else { continue }
      let readers = try await store.readers(of: identity)
      guard let reader = readers.first(where: { !$0.name.hasSameBytes(as: name) }) else { continue }
      let whose = reader.jobID.hasSameBytes(as: job.id) ? "this job" : "an unfinished job"
      return JobFailure(
        .failedPrecondition, reason: "OUTPUT_IS_INPUT",
        "\(name): the file that has this name now is one that \(whose) reads, and an output never overwrites an input. The "
          + "result stays downloadable under the job's URL.", file: name)
    }
    return nil
  }

  private func show(_ result: String, as output: String, temporary: String) throws(SystemCallError) {
    try storage.show(result, as: output, temporary: temporary) { step in
      switch step {
      case .linked: Failpoint.publishLinked.reach()
      case .renamed: Failpoint.publishRenamed.reach()
      case .unlinked: Failpoint.publishUnlinked.reach()
      case .synced: Failpoint.publishSynced.reach()
      }
    }
  }

  /// The failure for an error that no repetition can mend; nil for other errors, such as a full disk.
  static func lasting(_ error: SystemCallError, output: String) -> JobFailure? {
    switch error.number {
    case EISDIR, ENOTEMPTY, EEXIST, ENOTDIR, ENOENT, EXDEV, EPERM, EACCES, EMLINK, ELOOP, ENAMETOOLONG, EROFS:
      JobFailure(
        .failedPrecondition, reason: "OUTPUT_NOT_PUBLISHED",
        "The result can't be shown as '\(output)' (\(error)). It stays downloadable under the job's URL.", file: output)
    default: nil
    }
  }
}
