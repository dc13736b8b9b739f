import JobQueue
import Logging
import Synchronization
import TallySchema

/// Brings the changes of watched jobs from the store to their subscribers: one look at the store for all streams of a
/// server, however many there are, and one encoding for all subscribers of a job.
///
/// The look follows the store's signal, and comes every 250 ms besides, so that changes made by other servers show.
final class ProgressHub: Sendable {
  private struct Watched {
    /// The newest change that the subscribers have been offered.
    var known: JobCursor
    var subscriptions: [Int: ProgressSubscription] = [:]
  }

  private struct State {
    var nextID = 0
    var jobs: [String: Watched] = [:]
    var subscriberCount = 0
    var isClosed = false
  }

  private let store: any JobStore
  private let limits: Limits
  private let logger: Logger
  private let state = Mutex(State())

  init(store: any JobStore, limits: Limits, logger: Logger) {
    self.store = store
    self.limits = limits
    self.logger = logger
  }

  var subscriberCount: Int { state.withLock { $0.subscriberCount } }

  /// - Throws: ``RPCError`` RESOURCE_EXHAUSTED when so many more subscriptions would be too many.
  func checkRoom(for more: Int) throws(RPCError) {
    let error = state.withLock { state -> RPCError? in
      do throws(RPCError) {
        try checkRoom(for: more, state)
        return nil
      } catch {
        return error
      }
    }
    if let error { throw error }
  }

  private func checkRoom(for more: Int, _ state: State) throws(RPCError) {
    guard state.subscriberCount + more > limits.streams else { return }
    throw RPCError(
      .resourceExhausted, reason: "TOO_MANY_STREAMS",
      "The server has \(state.subscriberCount) open streams; the limit (streams) is \(limits.streams).",
      retryAfterMilliseconds: 1_000)
  }

  /// Runs the body with a subscription to a job's changes after the cursor; it ends with the body.
  ///
  /// - Throws: ``RPCError`` RESOURCE_EXHAUSTED when there are too many.
  func withSubscription<Value>(
    to job: String, after cursor: JobCursor, _ body: (ProgressSubscription) async throws -> Value
  ) async throws -> Value {
    let subscription = ProgressSubscription(limit: limits.subscriberEvents)
    let id = try state.withLock { state in
      if state.isClosed { throw ProgressHub.shuttingDown }
      try checkRoom(for: 1, state)
      state.nextID += 1
      state.subscriberCount += 1
      state.jobs[job, default: Watched(known: cursor)].subscriptions[state.nextID] = subscription
      return state.nextID
    }
    defer {
      state.withLock { state in
        state.jobs[job]?.subscriptions[id] = nil
        state.subscriberCount -= 1
        if state.jobs[job]?.subscriptions.isEmpty == true { state.jobs[job] = nil }
      }
    }
    return try await body(subscription)
  }

  /// What a stream is told that can't go on because its server stops.
  static let shuttingDown = RPCError(
    .unavailable, reason: "SHUTTING_DOWN", "The server stops. The job goes on; ask again.",
    retryAfterMilliseconds: 2_000)

  private static func deleted(_ id: String) -> RPCError {
    RPCError(.notFound, reason: "JOB_NOT_FOUND", "The job \(id) has been deleted.", field: "jobId")
  }

  /// Serves the subscriptions until the task is cancelled, and ends them then.
  func run() async {
    let (wakeups, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    await withDiscardingTaskGroup { group in
      group.addTask { [store] in for await _ in store.changes.wakeups() { wake.yield() } }
      group.addTask { while (try? await Task.sleep(for: .milliseconds(250))) != nil { wake.yield() } }
      for await _ in wakeups {
        do {
          try await look()
        } catch {
          logger.warning("the store doesn't tell what has changed", metadata: ["error": "\(error)"])
        }
      }
      group.cancelAll()
    }
    let subscriptions = state.withLock { state in
      state.isClosed = true
      return state.jobs.values.flatMap(\.subscriptions.values)
    }
    for subscription in subscriptions { subscription.finish(ProgressHub.shuttingDown) }
  }

  private func look() async throws {
    let known = state.withLock { $0.jobs.mapValues(\.known) }
    if known.isEmpty { return }
    let changes = try await store.changed(since: known.mapValues(\.sequence))
    for id in changes.missing {
      let subscriptions = state.withLock { $0.jobs[id].map { Array($0.subscriptions.values) } ?? [] }
      for subscription in subscriptions { subscription.finish(ProgressHub.deleted(id)) }
    }
    for job in changes.moved {
      guard let cursor = known[job.id] else { continue }
      var updates = try await store.events(of: job.id, after: cursor).map { JobUpdate(kind: .state, event: $0) }
      let last = updates.last?.cursor ?? cursor
      if job.cursor > last {
        updates.append(JobUpdate(kind: .progress, event: JobEvent(cursor: job.cursor, status: job.status)))
      }
      deliver(updates, of: job.id)
    }
  }

  private func deliver(_ updates: [JobUpdate], of job: String) {
    state.withLock { state in
      guard let watched = state.jobs[job], let last = updates.last?.cursor else { return }
      state.jobs[job]?.known = max(watched.known, last)
      for subscription in watched.subscriptions.values { subscription.offer(updates) }
    }
  }
}
