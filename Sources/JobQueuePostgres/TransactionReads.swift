/// What a transaction reads, each by what it is asked for.
enum TransactionRead: Hashable, Sendable {
  /// The store's clock.
  case clock
  /// The lock on names, which has no rows.
  case namesLock
  /// The job that is changed.
  case job
  /// Jobs whose start time has come.
  case due
  /// Jobs whose uploads are complete, and since when; the same jobs' rows.
  case uploaded, waiting
  /// The first job that may be claimed.
  case head
  /// Who writes names, who reads them, and who has patterns that may match them.
  case writers, readers, patterns
  /// The newest generation of an output.
  case generation
  /// Jobs that an earlier try has inserted, and those that keys belong to.
  case inserted, keyed
  /// The number of unfinished jobs.
  case unfinished
  /// The lock on making uploads, which has no rows.
  case uploadsLock
  /// An upload, the final uploads that have it as a part, and its own parts.
  case upload, finals, parts
  /// The number of uploads.
  case count
}

/// The results of a transaction's reads.
struct TransactionResults: Sendable {
  private let results: [TransactionRead: PostgresResult]

  init(_ reads: [(TransactionRead, PostgresStatement)], _ results: some Sequence<PostgresResult>) {
    self.results = Dictionary(zip(reads.map { $0.0 }, results)) { first, _ in first }
  }

  /// The rows of a read; none where the transaction hasn't asked for it.
  func rows(_ read: TransactionRead) -> [PostgresRow] { results[read]?.rows ?? [] }

  subscript(read: TransactionRead) -> PostgresResult? { results[read] }
}
