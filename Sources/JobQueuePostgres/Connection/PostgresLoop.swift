import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The one thread that talks to libpq: it owns the connections, waits for all their sockets at once, and everything goes to
/// it as a message. No thread of Swift's is ever blocked.
///
/// A host's name is looked up by libpq on this thread: other connections wait for that long.
final class PostgresLoop: Sendable {
  /// A connection's name in the loop.
  typealias LinkID = Int

  enum Message: Sendable {
    case open(
      LinkID, url: String, onNotification: @Sendable () -> Void, opened: @Sendable (Result<Void, PostgresError>) -> Void
    )
    case run(LinkID, [PostgresStatement], answer: @Sendable (Result<[PostgresResult], PostgresError>) -> Void)
    case close(LinkID)
    case stop
  }

  private struct State {
    var nextID = 0
    var inbox: [Message] = []
    var isStopped = false
    var ended: [CheckedContinuation<Void, Never>] = []
    var hasEnded = false
  }

  private let state = Mutex(State())
  private let pipe: WakePipe
  /// Milliseconds until a connection, or an answer, must have come.
  private let patienceMilliseconds: Int64

  /// - Throws: ``PostgresError`` when the system gives no pipe or thread.
  init(patienceMilliseconds: Int = 10_000) throws {
    guard let pipe = WakePipe() else { throw PostgresLoop.noMeans("pipe") }
    self.pipe = pipe
    self.patienceMilliseconds = Int64(patienceMilliseconds)
    // The thread keeps the loop alive until it has been told to stop.
    let start = Unmanaged.passRetained(self)
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let outcome = pthread_create(
      &thread, nil,
      { argument in
        let pointer: UnsafeMutableRawPointer? = argument
        if let pointer { Unmanaged<PostgresLoop>.fromOpaque(pointer).takeRetainedValue().main() }
        return nil
      }, start.toOpaque())
    guard outcome == 0 else {
      start.release()
      throw PostgresLoop.noMeans("thread")
    }
    #if canImport(Darwin)
      if let thread { pthread_detach(thread) }
    #else
      pthread_detach(thread)
    #endif
  }

  func connect(_ url: String, onNotification: @escaping @Sendable () -> Void = {}) async throws -> LinkID {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withCheckedThrowingContinuation { continuation in
      send(.open(id, url: url, onNotification: onNotification) { continuation.resume(with: $0) })
    }
    return id
  }

  /// - Returns: one result for each statement.
  func run(_ statements: [PostgresStatement], on id: LinkID) async throws -> [PostgresResult] {
    try await withCheckedThrowingContinuation { continuation in
      send(.run(id, statements) { continuation.resume(with: $0) })
    }
  }

  func disconnect(_ id: LinkID) { send(.close(id)) }

  /// Closes all connections and ends the thread; what is under way fails.
  func stop() async {
    send(.stop)
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock { state in
        if !state.hasEnded { state.ended.append(continuation) }
        return state.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }

  private func send(_ message: Message) {
    let isTaken = state.withLock { state in
      if state.isStopped { return false }
      if case .stop = message { state.isStopped = true }
      state.inbox.append(message)
      return true
    }
    if isTaken { pipe.wake() } else { PostgresLoop.refuse(message) }
  }

  private static func refuse(_ message: Message) {
    let error = PostgresError(kind: .connection, description: "PostgreSQL: the store has been closed")
    switch message {
    case .open(_, _, _, let opened): opened(.failure(error))
    case .run(_, _, let answer): answer(.failure(error))
    case .close, .stop: break
    }
  }

  private static func noMeans(_ what: String) -> PostgresError {
    PostgresError(
      kind: .connection, description: "PostgreSQL: the system gives no \(what): \(String(cString: strerror(errno)))")
  }

  // --- The thread ---------------------------------------------------------------------------------------------------

  private func main() {
    var links: [LinkID: PostgresLink] = [:]
    while true {
      let messages = state.withLock { state in
        defer { state.inbox = [] }
        return state.inbox
      }
      let now = PostgresLoop.now
      for message in messages {
        switch message {
        case .open(let id, let url, let onNotification, let opened):
          links[id] = PostgresLink(
            url: url, deadline: now + patienceMilliseconds, onNotification: onNotification, opened: opened)
        case .run(let id, let statements, let answer):
          if let link = links[id] {
            link.start(statements, deadline: now + patienceMilliseconds, answer: answer)
          } else {
            PostgresLoop.refuse(message)
          }
        case .close(let id): links[id] = nil
        case .stop:
          for link in links.values {
            link.close(because: PostgresError(kind: .connection, description: "PostgreSQL: the store is closed"))
          }
          return end()
        }
      }
      wait(for: links)
      for (id, link) in links where link.isClosed { links[id] = nil }
    }
  }

  /// Waits until something is ready, and lets it go on.
  private func wait(for links: [LinkID: PostgresLink]) {
    var polled = [pollfd(fd: pipe.reader, events: Int16(POLLIN), revents: 0)]
    var order: [PostgresLink] = []
    var nearest = PostgresLoop.now + 60_000
    for link in links.values {
      nearest = min(nearest, link.deadline ?? nearest)
      guard let (descriptor, events) = link.interest else { continue }
      polled.append(pollfd(fd: descriptor, events: events, revents: 0))
      order.append(link)
    }
    poll(&polled, nfds_t(polled.count), Int32(max(0, nearest - PostgresLoop.now)))
    if polled[0].revents != 0 { pipe.drain() }
    for (index, link) in order.enumerated() where polled[index + 1].revents != 0 { link.proceed() }
    let now = PostgresLoop.now
    for link in links.values where link.deadline.map({ $0 <= now }) == true {
      link.close(
        because: PostgresError(
          kind: .connection, description: "PostgreSQL: no answer within \(patienceMilliseconds) ms"))
    }
  }

  private func end() {
    let (left, ended) = state.withLock { state in
      state.hasEnded = true
      defer { state.inbox = [] }
      return (state.inbox, state.ended)
    }
    for message in left { PostgresLoop.refuse(message) }
    for continuation in ended { continuation.resume() }
  }

  /// A clock that nobody sets, in milliseconds.
  private static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}
