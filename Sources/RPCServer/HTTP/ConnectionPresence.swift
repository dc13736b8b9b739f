import Hummingbird
import NIOCore
import Synchronization

/// Something that happens once, and the tasks that wait for it.
final class OneShot: Sendable {
  private struct State {
    var hasHappened = false
    var nextID = 0
    var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  func happen() {
    let waiting = state.withLock { state in
      state.hasHappened = true
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Returns when it has happened, or when the task is cancelled.
  func wait() async {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          // Looked at under the lock, so that a cancellation comes either before this or finds the continuation.
          if state.hasHappened || Task.isCancelled { return true }
          state.waiting[id] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
    }
  }
}

/// Whether a connection's other end is still there, for the tasks that work for it.
final class ConnectionPresence: Sendable {
  /// What a half-closed connection's unary call is still given: some clients close their side once they have asked.
  private static let halfClosedMilliseconds = 2_000

  let version: ConnectionGuard.Version
  let gone = OneShot()
  /// The other end sends nothing more: it may have gone, or only have finished asking.
  let halfClosed = OneShot()

  init(_ version: ConnectionGuard.Version) { self.version = version }

  /// Runs the body; it is cancelled when the other end goes.
  func whilePresent<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        await self.gone.wait()
        return nil
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() ?? nil else { throw CancellationError() }
      return value
    }
  }

  /// The same for a call that can't find out by writing: a half-closed connection counts as gone after a while.
  func whileAsking<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await self.whilePresent(body) }
      group.addTask {
        await self.halfClosed.wait()
        try await Task.sleep(for: .milliseconds(ConnectionPresence.halfClosedMilliseconds))
        return nil
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() ?? nil else { throw CancellationError() }
      return value
    }
  }
}

/// What Hummingbird knows of a request, and its connection.
struct ConnectionContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  private let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }

  /// The presence of this request's connection.
  func presence() async throws -> ConnectionPresence {
    try await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).presence
    }.get()
  }
}
