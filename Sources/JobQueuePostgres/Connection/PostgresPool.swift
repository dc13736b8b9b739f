import JobQueue

/// The connections of one process: opened when they are needed, kept, and opened anew when they have gone.
///
/// While the database is away, calls fail at once between two attempts to reach it, which come ever more rarely: at most
/// every five seconds.
actor PostgresPool {
  typealias LinkID = PostgresLoop.LinkID

  private let loop: PostgresLoop
  private let url: String
  private let connectionsMost: Int
  /// Calls that wait for a connection, at the most.
  private let waitersMost = 10_000
  private var idle: [LinkID] = []
  private var openCount = 0
  private var waiters: [CheckedContinuation<LinkID?, Never>] = []
  private var failures = 0
  private var nextAttempt = ContinuousClock.now
  private var lastError: PostgresError?

  init(loop: PostgresLoop, url: String, connectionsMost: Int) {
    self.loop = loop
    self.url = url
    self.connectionsMost = connectionsMost
  }

  /// Runs the body with a connection of its own. One on which the body failed as a whole is not used again.
  nonisolated func withConnection<Value: Sendable>(
    _ body: @Sendable (PostgresConnection) async throws -> Value
  ) async throws -> Value {
    let connection = PostgresConnection(loop: loop, id: try await take())
    do {
      let value = try await body(connection)
      await giveBack(connection.id)
      return value
    } catch let error as PostgresError where error.endsConnection {
      await drop(connection.id, all: true)
      throw error
    } catch {
      // The transaction may still be open: whoever failed hasn't ended it.
      if (try? await connection.run([PostgresStatement("ROLLBACK")])) != nil {
        await giveBack(connection.id)
      } else {
        await drop(connection.id, all: false)
      }
      throw error
    }
  }

  private func take() async throws -> LinkID {
    while true {
      if let id = idle.popLast() { return id }
      if openCount < connectionsMost { return try await open() }
      guard waiters.count < waitersMost else {
        throw PostgresError(
          kind: .connection, description: "PostgreSQL: \(waitersMost) calls wait for a connection, which is the limit")
      }
      // Nil: there is room for another connection, for whoever comes first.
      if let handed = await withCheckedContinuation({ waiters.append($0) }) { return handed }
    }
  }

  private func open() async throws -> LinkID {
    if let lastError, ContinuousClock.now < nextAttempt {
      wakeOne()
      throw lastError
    }
    openCount += 1
    let begun = ContinuousClock.now
    do {
      let id = try await loop.connect(url)
      failures = 0
      lastError = nil
      return id
    } catch {
      openCount -= 1
      lastError = error as? PostgresError
      // Attempts that failed together are one failure.
      if begun >= nextAttempt {
        failures += 1
        let pause = Double(min(50 << min(failures, 7), 5_000)) * Double.random(in: 0.5...1)
        nextAttempt = .now + .milliseconds(Int(pause))
      }
      wakeOne()
      throw error
    }
  }

  private func giveBack(_ id: LinkID) {
    if waiters.isEmpty { idle.append(id) } else { waiters.removeFirst().resume(returning: id) }
  }

  /// - Parameter all: the others will have gone as well, and are opened anew.
  private func drop(_ id: LinkID, all: Bool) {
    loop.disconnect(id)
    openCount -= 1
    if all {
      for other in idle { loop.disconnect(other) }
      openCount -= idle.count
      idle = []
    }
    wakeOne()
  }

  /// Lets one who waits open a connection of its own.
  private func wakeOne() { if !waiters.isEmpty { waiters.removeFirst().resume(returning: nil) } }
}

/// One connection, in one task's hands.
struct PostgresConnection: Sendable {
  fileprivate let loop: PostgresLoop
  fileprivate let id: PostgresLoop.LinkID

  fileprivate init(loop: PostgresLoop, id: PostgresLoop.LinkID) {
    self.loop = loop
    self.id = id
  }

  /// One way there and one back for all of them.
  ///
  /// - Returns: one result for each statement.
  func run(_ statements: [PostgresStatement]) async throws -> [PostgresResult] {
    try await loop.run(statements, on: id)
  }
}
