import CTallyPostgres

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One connection of libpq, without blocking: what it waits for is told, and it goes on when that has come. It belongs to
/// the loop's thread.
///
/// Statements go out as a pipeline with one synchronisation at its end: one way there and one back, however many they are,
/// and all of them in one transaction where they don't begin their own.
final class PostgresLink {
  /// What a link is to do: at most one thing at a time.
  struct Work {
    var statements: [PostgresStatement]
    var answer: (Result<[PostgresResult], PostgresError>) -> Void
    /// On the loop's clock, in milliseconds.
    var deadline: Int64
    fileprivate var results: [PostgresResult] = []
    fileprivate var failure: PostgresError?
  }

  private enum State {
    case connecting(PostgresPollingStatusType, opened: (Result<Void, PostgresError>) -> Void, deadline: Int64)
    case idle
    case working(Work)
    case closed
  }

  private let connection: OpaquePointer?
  private var state: State
  private var mustFlush = false
  /// Told of every notification that comes in.
  private let onNotification: () -> Void

  init(
    url: String, deadline: Int64, onNotification: @escaping () -> Void,
    opened: @escaping (Result<Void, PostgresError>) -> Void
  ) {
    self.onNotification = onNotification
    connection = PQconnectStart(url)
    // Notices would go to standard error.
    PQsetNoticeProcessor(connection, { _, _ in }, nil)
    state = .connecting(PGRES_POLLING_WRITING, opened: opened, deadline: deadline)
    if connection == nil || PQstatus(connection) == CONNECTION_BAD { close(because: lost("can't connect")) }
  }

  deinit { PQfinish(connection) }

  var isClosed: Bool { if case .closed = state { true } else { false } }

  /// What to poll the socket for; nil once it is closed.
  var interest: (descriptor: Int32, events: Int16)? {
    let descriptor = PQsocket(connection)
    guard descriptor >= 0 else { return nil }
    switch state {
    case .closed: return nil
    case .connecting(PGRES_POLLING_WRITING, _, _): return (descriptor, Int16(POLLOUT))
    case .connecting, .idle: return (descriptor, Int16(POLLIN))
    case .working: return (descriptor, Int16(mustFlush ? POLLIN | POLLOUT : POLLIN))
    }
  }

  /// When it gives up, on the loop's clock.
  var deadline: Int64? {
    switch state {
    case .connecting(_, _, let deadline): deadline
    case .working(let work): work.deadline
    case .idle, .closed: nil
    }
  }

  func start(
    _ statements: [PostgresStatement], deadline: Int64,
    answer: @escaping (Result<[PostgresResult], PostgresError>) -> Void
  ) {
    guard case .idle = state else { return answer(.failure(lost("the connection isn't open"))) }
    state = .working(Work(statements: statements, answer: answer, deadline: deadline))
    for statement in statements {
      guard PostgresLink.send(statement, connection) else { return close(because: lost("can't send")) }
    }
    guard PQpipelineSync(connection) == 1 else { return close(because: lost("can't send")) }
    flush()
  }

  /// Goes on: the socket is ready, or may be.
  func proceed() {
    switch state {
    case .connecting(_, let opened, let deadline):
      let next = PQconnectPoll(connection)
      switch next {
      case PGRES_POLLING_OK:
        guard PQsetnonblocking(connection, 1) == 0, PQenterPipelineMode(connection) == 1 else {
          return close(because: lost("can't set the connection up"))
        }
        state = .idle
        opened(.success(()))
      case PGRES_POLLING_FAILED: close(because: lost("can't connect"))
      default: state = .connecting(next, opened: opened, deadline: deadline)
      }
    case .idle, .working:
      let isAlive = PQconsumeInput(connection) == 1
      tellNotifications()
      collect()
      tellNotifications()
      // libpq may have given the connection up while it read what had come.
      if !isAlive || PQstatus(connection) == CONNECTION_BAD { return close(because: lost("the connection is lost")) }
      if case .working = state { flush() }
    case .closed: break
    }
  }

  /// Ends it: what it was doing fails so.
  func close(because error: PostgresError) {
    let former = state
    state = .closed
    switch former {
    case .connecting(_, let opened, _): opened(.failure(error))
    case .working(let work):
      // Whatever it said before, the connection went with it: whether a COMMIT was carried out isn't known.
      let last = work.failure.map { PostgresError(kind: .connection, description: $0.description) }
      work.answer(.failure(last ?? error))
    case .idle, .closed: break
    }
  }

  private func flush() {
    switch PQflush(connection) {
    case 0: mustFlush = false
    case 1: mustFlush = true
    default: close(because: lost("can't send"))
    }
  }

  private func tellNotifications() {
    while let notification = PQnotifies(connection) {
      PQfreemem(notification)
      onNotification()
    }
  }

  /// Takes the results that have come, up to the synchronisation, at which the work has ended.
  private func collect() {
    guard case .working(var work) = state else { return }
    var misses = 0
    while PQisBusy(connection) == 0 {
      guard let result = PQgetResult(connection) else {
        // One nil ends each statement's results; a second in a row: there is nothing yet.
        misses += 1
        if misses == 2 { break }
        continue
      }
      misses = 0
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_PIPELINE_SYNC:
        state = .idle
        return work.answer(work.failure.map { .failure($0) } ?? .success(work.results))
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK: work.results.append(PostgresLink.read(result))
      case PGRES_PIPELINE_ABORTED: break
      default: work.failure = work.failure ?? PostgresLink.failure(result)
      }
    }
    state = .working(work)
  }

  private func lost(_ what: String) -> PostgresError {
    let said = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
    let line = PostgresLink.line(said)
    return PostgresError(
      kind: .connection, description: line.isEmpty ? "PostgreSQL: \(what)" : "PostgreSQL: \(what): \(line)")
  }
}
