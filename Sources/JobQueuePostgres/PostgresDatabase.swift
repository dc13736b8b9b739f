import JobQueue
import Synchronization

/// The transactions of the store: read, decide, write, in two ways there and back.
///
/// What fails because the connection went, or for a deadlock, is tried again for two seconds; then the store is away. Where
/// the connection went after COMMIT had been sent, nobody knows whether it was carried out: the body is run again, is told
/// so, and finds out by reading. The rows that it locks make it wait for a former transaction that still goes on.
struct PostgresDatabase: Sendable {
  /// What a transaction has decided.
  struct Decision<Value: Sendable>: Sendable {
    var value: Value
    var writes: [PostgresStatement]
  }

  private static let patience = Duration.seconds(2)
  /// Each transaction's own limits, in milliseconds: a process that stops in the middle holds its locks no longer.
  private static let limits = PostgresStatement(
    """
    SELECT set_config('statement_timeout', '8000', true), set_config('lock_timeout', '5000', true),
      set_config('idle_in_transaction_session_timeout', '5000', true)
    """)
  let pool: PostgresPool
  /// For tests: the reply to the next COMMIT is lost.
  let losesNextReply = Losing()

  final class Losing: Sendable {
    private let isSet = Atomic(false)
    func set() { isSet.store(true, ordering: .relaxed) }
    func take() -> Bool { isSet.exchange(false, ordering: .relaxed) }
  }

  /// - Throws: `StoreUnavailable`, ``PostgresError``.
  func read(_ statement: PostgresStatement) async throws -> [PostgresRow] {
    try await repeating { _ in
      try await pool.withConnection { try await $0.run([statement]) }[0].rows
    }
  }

  /// One statement that may be repeated.
  ///
  /// - Returns: rows changed.
  func change(_ statement: PostgresStatement) async throws -> Int {
    try await repeating { _ in
      try await pool.withConnection { try await $0.run([statement]) }[0].rowsChanged
    }
  }

  /// One transaction.
  ///
  /// - Parameters:
  ///   - reads: made in this order.
  ///   - decide: takes their results, and is told whether an earlier try may have been carried out.
  func transaction<Value: Sendable>(
    reads: [(TransactionRead, PostgresStatement)],
    _ decide: @Sendable (_ results: TransactionResults, _ isRepeated: Bool) throws -> Decision<Value>
  ) async throws -> Value {
    try await repeating { isRepeated in
      try await pool.withConnection { connection in
        let begin = [PostgresStatement("BEGIN ISOLATION LEVEL READ COMMITTED"), PostgresDatabase.limits]
        let results = try await connection.run(begin + reads.map { $0.1 })
        let decision = try decide(TransactionResults(reads, results.dropFirst(begin.count)), isRepeated)
        do {
          _ = try await connection.run(decision.writes + [PostgresStatement("COMMIT")])
          if losesNextReply.take() {
            throw PostgresError(kind: .connection, description: "PostgreSQL: the reply is lost, as a test has asked")
          }
        } catch var error as PostgresError where error.endsConnection {
          error.mayBeDone = true
          throw error
        }
        return decision.value
      }
    }
  }

  /// - Throws: ``StoreTooNew``, `StoreUnavailable`.
  func migrate(schema: String) async throws {
    try await repeating { _ in
      try await pool.withConnection { try await PostgresSchema.migrate($0, schema: schema) }
    }
  }

  private func repeating<Value: Sendable>(
    _ body: @Sendable (_ isRepeated: Bool) async throws -> Value
  ) async throws -> Value {
    let end = ContinuousClock.now + PostgresDatabase.patience
    var (isRepeated, pause) = (false, 10)
    while true {
      do {
        return try await body(isRepeated)
      } catch let error as PostgresError {
        if error.mayBeDone { isRepeated = true }
        guard error.isPassing, ContinuousClock.now < end,
          (try? await Task.sleep(for: .milliseconds(pause))) != nil
        else { throw PostgresDatabase.explained(error) }
        pause = min(pause * 2, 500)
      }
    }
  }

  private static func explained(_ error: PostgresError) -> any Error {
    switch error.kind {
    case .statement("53100"): StoreUnavailable(reason: "STORE_FULL", error.description)
    case .statement("25006"): StoreUnavailable(reason: "STORE_READ_ONLY", error.description)
    default: error.isPassing ? StoreUnavailable(error.description) : error
    }
  }
}
