public import JobQueue
public import Logging
public import Storage
public import TallySchema
public import Uploads

/// What a server does now and then: publishes what a crash left unpublished, removes what nobody names, and forgets jobs
/// that ended long ago.
public struct Housekeeping: Sendable {
  /// For which an upload's file is kept that nobody writes any more.
  private static let uploadSeconds = 86_400

  private let store: any JobStore & UploadStore
  private let publisher: OutputPublisher
  private let janitor: Janitor
  private let remover: OutputRemover
  private let uploads: any UploadStorage
  private let uploadJanitor: UploadJanitor
  private let limits: Limits
  private let logger: Logger

  public init(
    store: any JobStore & UploadStore, storage: any UploadStorage, limits: Limits,
    logger: Logger = Logger(label: "tally.housekeeping")
  ) {
    self.store = store
    publisher = OutputPublisher(storage: storage, store: store, logger: logger)
    janitor = Janitor(storage: storage, store: store, logger: logger)
    remover = OutputRemover(storage: storage, store: store)
    uploads = storage
    uploadJanitor = UploadJanitor(storage: storage, store: store)
    self.limits = limits
    self.logger = logger
  }

  /// Runs until the task is cancelled: publishing every 5 seconds, results without a name and uploads that expire every
  /// minute, the rest every hour, all of it at once at the start.
  public func run() async {
    var round = 0
    repeat {
      await publisher.recover()
      if round % 12 == 0 {
        await forgetUnnamed()
        await expireUploads()
      }
      if round % 720 == 0 { await cleanUp() }
      round += 1
    } while (try? await Task.sleep(for: .seconds(5))) != nil
  }

  /// Ended jobs without an output go early, and their results with them.
  func forgetUnnamed() async {
    do {
      while true {
        let jobs = try await store.unnamed(endedMilliseconds: limits.unnamedMilliseconds, most: 100)
        for job in jobs {
          // Another process may have forgotten it.
          do { try await remover.delete(job) } catch JobStoreError.notFound {}
        }
        if jobs.count < 100 { return }
      }
    } catch {
      logger.warning("results without a name have to wait", metadata: ["error": "\(error)"])
    }
  }

  private func expireUploads() async {
    do {
      let expired = try await uploadJanitor.expire()
      if expired > 0 { logger.info("uploads that nothing came for are given up", metadata: ["uploads": "\(expired)"]) }
    } catch {
      logger.warning("uploads that have expired have to wait", metadata: ["error": "\(error)"])
    }
  }

  private func cleanUp() async {
    do {
      let moment = Timestamp.now + -limits.retentionMilliseconds
      while try await store.prune(endedBefore: moment, most: 500) == 500 {}
      try await janitor.sweep()
      let removed = try uploads.removeUploads(olderThanSeconds: Housekeeping.uploadSeconds)
      if removed > 0 { logger.info("unfinished uploads are removed", metadata: ["files": "\(removed)"]) }
      try await uploadJanitor.sweep()
    } catch {
      logger.warning("the clean-up has to wait", metadata: ["error": "\(error)"])
    }
  }
}
