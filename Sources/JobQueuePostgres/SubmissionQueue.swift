import JobQueue
import TallySchema
import Uploads

/// Gathers submissions that wait at the same time into one transaction, so that many of them share its ways and its sync.
///
/// One that is refused undoes nothing of the others. Who asked is answered only after the commit.
actor SubmissionQueue {
  private struct Waiting {
    var item: SubmissionBatch.Item
    var answer: CheckedContinuation<JobRecord, any Error>
  }

  /// Submissions of one transaction, at the most.
  private static let itemsMost = 256

  private let database: PostgresDatabase
  private let tables: PostgresTables
  private let lifecycle: JobLifecycle
  private let unfinishedMost: Int
  private let onCommit: @Sendable () -> Void
  private var waiting: [Waiting] = []
  private var isRunning = false
  private var count = UnfinishedCount()

  init(
    database: PostgresDatabase, tables: PostgresTables, lifecycle: JobLifecycle, unfinishedMost: Int,
    onCommit: @escaping @Sendable () -> Void
  ) {
    self.database = database
    self.tables = tables
    self.lifecycle = lifecycle
    self.unfinishedMost = unfinishedMost
    self.onCommit = onCommit
  }

  func submit(_ submission: JobSubmission) async throws -> JobRecord {
    try await withCheckedThrowingContinuation { continuation in
      let item = SubmissionBatch.Item(id: JobID.make(now: .now), submission: submission)
      waiting.append(Waiting(item: item, answer: continuation))
      if !isRunning {
        isRunning = true
        // Its owner is the callers, who all wait for it.
        Task { await drain() }
      }
    }
  }

  private func drain() async {
    while !waiting.isEmpty {
      let batch = Array(waiting.prefix(SubmissionQueue.itemsMost))
      waiting.removeFirst(batch.count)
      do {
        let results = try await insert(batch.map(\.item))
        for (waiting, result) in zip(batch, results) { waiting.answer.resume(with: result.mapError { $0 }) }
        onCommit()
      } catch {
        for waiting in batch { waiting.answer.resume(throwing: error) }
      }
    }
    isRunning = false
  }

  private func insert(_ items: [SubmissionBatch.Item]) async throws -> [Result<JobRecord, JobStoreError>] {
    let known = count.value(mayAdd: items.count, most: unfinishedMost)
    let keys = items.compactMap { item in item.submission.idempotencyKey.map { (item.submission.owner, $0) } }
    let names = items.flatMap { $0.submission.spec.outputs }
    // Patterns matter to those only whose outputs are there already.
    let owners = items.map(\.submission).filter { !$0.existingOutputs.isEmpty }.map(\.owner)
    let ids = PostgresText.array(items.map(\.id))
    var reads = [
      (TransactionRead.namesLock, tables.lockNames), (.clock, tables.clock),
      (.inserted, tables.jobs("j.id = ANY($1::text[])", [ids])), (.keyed, tables.keyed(keys)),
      (.writers, tables.writers(names)), (.readers, tables.readers(names)), (.patterns, tables.patterns(of: owners)),
    ]
    if known == nil { reads.append((.unfinished, tables.unfinished)) }
    let uploads = items.flatMap { $0.submission.spec.uploads }
    if !uploads.isEmpty { reads.append((.upload, tables.shareUploads(uploads))) }
    let (results, unfinished) = try await database.transaction(reads: reads) {
      [unfinishedMost, tables, lifecycle] found, _ in
      let unfinished = try known ?? Int(found.rows(.unfinished).first?.required("unfinished") ?? 0)
      var batch = SubmissionBatch(
        now: try PostgresTables.moment(found[.clock]), unfinishedMost: unfinishedMost,
        unfinished: unfinished, inserted: try found.rows(.inserted).map(PostgresTables.job),
        keyed: try found.rows(.keyed).map(PostgresTables.job),
        names: SpecNames(found), uploads: try found.rows(.upload).map(UploadColumns.upload), lifecycle: lifecycle)
      let results = items.map { batch.decide($0) }
      let woken = batch.woken.flatMap { tables.update($0.to, from: $0.from, at: batch.now) }
      let writes = batch.admitted.isEmpty ? [] : tables.insert(batch.admitted) + woken + [tables.notify]
      return PostgresDatabase.Decision(value: (results, batch.unfinished), writes: writes)
    }
    count.set(unfinished, isCounted: known == nil)
    return results
  }
}

/// How many jobs haven't ended, as far as it has to be known: counting them for each submission would take longer than the
/// submission.
///
/// What is known is never too low by what this process has submitted; it is counted again after a second, and whenever
/// the limit might be reached.
struct UnfinishedCount {
  private var known = 0
  private var countedAt: ContinuousClock.Instant?

  /// - Returns: nil where it has to be counted.
  func value(mayAdd more: Int, most: Int) -> Int? {
    guard let countedAt, ContinuousClock.now - countedAt < .seconds(1), known + more < most else { return nil }
    return known
  }

  mutating func set(_ value: Int, isCounted: Bool) {
    known = value
    if isCounted { countedAt = .now }
  }
}
