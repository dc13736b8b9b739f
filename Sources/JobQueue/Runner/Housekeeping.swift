public import Logging
import TallySchema

/// What a server does now and then: publishes what a crash left unpublished, removes what nobody names, and forgets jobs
/// that ended long ago.
public struct Housekeeping: Sendable {
  private let store: any JobStore
  private let publisher: OutputPublisher
  private let janitor: Janitor
  private let retentionMilliseconds: Int
  private let logger: Logger

  public init(
    store: any JobStore, folder: DataFolder, retentionMilliseconds: Int,
    logger: Logger = Logger(label: "tally.housekeeping")
  ) {
    self.store = store
    publisher = OutputPublisher(folder: folder, store: store, logger: logger)
    janitor = Janitor(folder: folder, store: store, logger: logger)
    self.retentionMilliseconds = retentionMilliseconds
    self.logger = logger
  }

  /// Runs until the task is cancelled: publishing every 5 seconds, the rest every hour, all of it at once at the start.
  public func run() async {
    var round = 0
    repeat {
      await publisher.recover()
      if round % 720 == 0 { await cleanUp() }
      round += 1
    } while (try? await Task.sleep(for: .seconds(5))) != nil
  }

  private func cleanUp() async {
    do {
      let moment = Timestamp.now + -retentionMilliseconds
      while try await store.prune(endedBefore: moment, most: 500) == 500 {}
      try await janitor.sweep()
    } catch {
      logger.warning("the clean-up has to wait", metadata: ["error": "\(error)"])
    }
  }
}
