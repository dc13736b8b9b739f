import Hummingbird
import NIOCore
import Synchronization

/// Whether a connection's other end is still there, for the tasks that work for it.
final class ConnectionPresence: Sendable {
  /// What a half-closed connection's unary call is still given: some clients close their side once they have asked.
  private static let halfClosedMilliseconds: Int64 = 2_000

  let version: ConnectionGuard.Version
  let gone = OneShot()
  /// The other end sends nothing more: it may have gone, or only have finished asking.
  let halfClosed = OneShot()
  /// The server stops.
  let stopping = OneShot()
  /// Told when the handler of an upload wants its body.
  private let bodyListener = Mutex<(@Sendable () -> Void)?>(nil)
  private let eventLoop: any EventLoop

  init(_ version: ConnectionGuard.Version, eventLoop: any EventLoop) {
    self.version = version
    self.eventLoop = eventLoop
  }

  /// The handler of the newest request wants its body: it may be sent.
  func wantsBody() { bodyListener.withLock { $0 }?() }

  /// - Parameter body: nil: nobody is told any more.
  func listenForWantedBody(_ body: (@Sendable () -> Void)?) { bodyListener.withLock { $0 = body } }

  /// Runs the body; it is cancelled when the other end goes.
  ///
  /// - Throws: what the body throws; `CancellationError` when the other end has gone.
  func whilePresent<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let work = Task { try await body() }
    let id = gone.listen { work.cancel() }
    defer { gone.forget(id) }
    let value = try await withTaskCancellationHandler {
      try await work.value
    } onCancel: {
      work.cancel()
    }
    if work.isCancelled { throw CancellationError() }
    return value
  }
}

extension ConnectionPresence: CallerPresence {
  /// A half-closed connection counts as gone after a while.
  func whenGone(_ body: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
    let goneID = gone.listen(body)
    let halfClosedID = halfClosed.listen { [eventLoop] in
      eventLoop.scheduleTask(in: .milliseconds(ConnectionPresence.halfClosedMilliseconds), body)
    }
    return { [gone, halfClosed] in
      gone.forget(goneID)
      halfClosed.forget(halfClosedID)
    }
  }
}

/// The presences of all connections, by their channels.
final class ConnectionPresences: Sendable {
  private let known = Mutex<[ObjectIdentifier: ConnectionPresence]>([:])

  func add(_ presence: ConnectionPresence, of channel: any Channel) {
    known.withLock { $0[ObjectIdentifier(channel)] = presence }
  }

  func remove(_ channel: any Channel) { _ = known.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) } }

  /// Tells all connections that the server stops.
  func stop() { for presence in known.withLock({ Array($0.values) }) { presence.stopping.happen() } }

  /// Nil: the connection has gone.
  func presence(of channel: any Channel) -> ConnectionPresence? {
    known.withLock { $0[ObjectIdentifier(channel)] }
  }
}

/// What Hummingbird knows of a request, and its connection.
struct ConnectionContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }
}
