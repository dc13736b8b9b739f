import GRDB

/// Gathers short reads that wait at the same time into one turn of a connection, since a turn costs several times what such
/// a read does. What reads many rows has a turn of its own, beside these.
actor GroupRead {
  private typealias Read = @Sendable (Result<Database, any Error>) -> Void

  /// Reads of one turn, at the most.
  private static let readsMost = 256

  private let pool: DatabasePool
  private var waiting: [Read] = []
  private var isRunning = false

  init(pool: DatabasePool) { self.pool = pool }

  /// Runs one read and returns what it returned. It is carried out even if the task that asked for it has been cancelled by
  /// then.
  func read<Value: Sendable>(_ body: @escaping @Sendable (JobTables) throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      waiting.append { database in
        continuation.resume(with: Result { try body(JobTables(try database.get())) })
      }
      if !isRunning {
        isRunning = true
        Task { await drain() }
      }
    }
  }

  private func drain() async {
    while !waiting.isEmpty {
      let reads = Array(waiting.prefix(GroupRead.readsMost))
      waiting.removeFirst(reads.count)
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        pool.asyncUnsafeRead { database in
          for read in reads { read(database) }
          done.resume()
        }
      }
    }
    isRunning = false
  }
}
