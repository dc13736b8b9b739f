import GRDB
import JobQueue
import TallySchema

/// The statements on the tables, inside a transaction or a read of the caller's, with which it begins and ends.
final class JobTables {
  let database: Database
  /// The jobs that were written to.
  var changed: Set<String> = []
  /// What the transaction's writes add to the number of unfinished jobs: written once, at the transaction's end.
  private var unfinishedAdded = 0
  /// Their number before the transaction, once it was asked for.
  private var unfinishedBefore: Int?
  // Looked up once for all of a transaction's submissions.
  private lazy var inserting = Result { try database.cachedStatement(sql: JobRow.insertNew) }
  private lazy var reserving = Result {
    try database.cachedStatement(sql: "INSERT INTO reservations (name, job_id) VALUES (?, ?)")
  }
  private lazy var naming = Result { try database.cachedStatement(sql: JobTables.othersNaming) }

  init(_ database: Database) { self.database = database }

  /// Runs the body in a savepoint; what it did is undone when it throws.
  func savepoint<Value>(_ body: (JobTables) throws -> Value) throws -> Value {
    let added = unfinishedAdded
    var value: Value?
    do {
      try database.inSavepoint {
        value = try body(self)
        return .commit
      }
    } catch {
      unfinishedAdded = added
      throw error
    }
    guard let value else { throw DatabaseError(message: "the savepoint didn't run") }
    return value
  }

  /// Writes what belongs to the transaction as a whole, as its last statement.
  func finish() throws {
    if unfinishedAdded != 0 { try run("UPDATE totals SET unfinished = unfinished + ?", [unfinishedAdded]) }
  }

  func job(_ id: String) throws -> JobRecord? { try first("id = ?", [id]) }

  func first(_ condition: String, _ arguments: StatementArguments) throws -> JobRecord? {
    let rows = try Row.fetchCursor(statement(condition), arguments: arguments)
    // A row is the cursor's, and gone with it.
    return try withExtendedLifetime(rows) { try rows.next().map(JobRow.job) }
  }

  func all(_ condition: String, _ arguments: StatementArguments = []) throws -> [JobRecord] {
    var jobs: [JobRecord] = []
    let rows = try Row.fetchCursor(statement(condition), arguments: arguments)
    while let row = try rows.next() { jobs.append(try JobRow.job(row)) }
    return jobs
  }

  /// The jobs for which a condition holds, up to one with which their specifications have more bytes than so many.
  ///
  /// - Returns: whether the first of those that are left out was seen; the first job is never left out.
  func some(
    _ condition: String, _ arguments: StatementArguments, specBytesMost: Int
  ) throws -> (jobs: [JobRecord], isCut: Bool) {
    var (jobs, bytes): ([JobRecord], Int) = ([], 0)
    let rows = try Row.fetchCursor(statement(condition), arguments: arguments)
    while let row = try rows.next() {
      bytes += JobRow.specBytes(row)
      if !jobs.isEmpty, bytes > specBytesMost { return (jobs, true) }
      jobs.append(try JobRow.job(row))
    }
    return (jobs, false)
  }

  private func statement(_ condition: String) throws -> Statement {
    try database.cachedStatement(sql: "\(JobRow.select) WHERE \(condition)")
  }

  func run(_ sql: String, _ arguments: StatementArguments = []) throws {
    try database.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  func insert(_ new: NewJob) throws {
    try inserting.get().run(new.row, in: database)
    try take(new.job)
    unfinishedAdded += 1
    changed.insert(new.job.id)
  }

  /// Takes the job's output name, and notes its patterns, until ``update(_:from:at:by:)`` gives them up.
  func take(_ job: JobRecord) throws {
    for name in job.spec.outputs {
      try reserving.get().run([.text(name), .text(job.id)], in: database)
    }
    for pattern in job.spec.inputs where FileName.isPattern(pattern) {
      try run("INSERT INTO patterns (owner, pattern, job_id) VALUES (?, ?, ?)", [job.owner, pattern, job.id])
    }
    if job.spec.readsUploads { try pin(job) }
  }

  /// Writes a job's new values; what is told of the change goes to its events as well.
  func update(_ job: JobRecord, from old: JobRecord, at moment: Timestamp, by actor: String? = nil) throws {
    guard job != old else { return }
    changed.insert(job.id)
    try run(JobRow.update, JobRow.updateArguments(job))
    if old.reservesOutput && !job.reservesOutput {
      if job.unreadable != nil {
        // Whatever it has reserved.
        try run("DELETE FROM reservations WHERE job_id = ?", [job.id])
      }
      for name in job.spec.outputs {
        try run("DELETE FROM reservations WHERE name = ? AND job_id = ?", [name, job.id])
      }
      try run("DELETE FROM run_inputs WHERE job_id = ?", [job.id])
      if job.spec.inputs.contains(where: FileName.isPattern) || job.unreadable != nil {
        try run("DELETE FROM patterns WHERE job_id = ?", [job.id])
      }
    }
    if !old.state.isFinal, job.state.isFinal { try unpin(job) }
    if old.state.isFinal != job.state.isFinal { unfinishedAdded += job.state.isFinal ? -1 : 1 }
    try tell(JobTransition(from: old, to: job, by: actor), at: moment)
  }

  /// Reads a job, changes it by a rule of the lifecycle, and writes what comes out.
  ///
  /// - Throws: ``JobStoreError/notFound(jobID:)``.
  func change(
    _ id: String, at moment: Timestamp, by actor: String? = nil, _ rule: (JobRecord) throws -> JobRecord
  ) throws -> JobRecord {
    guard let old = try job(id) else { throw JobStoreError.notFound(jobID: id) }
    let new = try rule(old)
    try update(new, from: old, at: moment, by: actor)
    return new
  }

  /// The same for a worker's write, which may be refused.
  func write(
    _ id: String, at moment: Timestamp, _ rule: (JobRecord) throws -> JobLifecycle.WorkerWrite
  ) throws -> JobLifecycle.WorkerWrite {
    guard let old = try job(id) else { throw JobStoreError.notFound(jobID: id) }
    let outcome = try rule(old)
    if case .applied(let new) = outcome { try update(new, from: old, at: moment) }
    return outcome
  }

  /// The generation of the output's next result.
  func nextGeneration(output: String) throws -> Int {
    let current = try Int.fetchOne(
      database.cachedStatement(sql: "SELECT generation FROM outputs WHERE name = ?"), arguments: [output])
    return (current ?? 0) + 1
  }

  func setNewest(_ result: CommittedResult, of job: JobRecord) throws {
    guard let output = job.spec.output else { return }
    try run(
      """
      INSERT INTO outputs (name, generation, job_id) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, job_id = excluded.job_id
      """, [output, result.generation, job.id])
  }

  /// The unfinished jobs that write and read a name: one statement for both, since every submission asks. Of jobs that
  /// read several files, each is looked through.
  func others(naming name: String) throws -> (writer: String?, reader: String?) {
    let found = try naming.get().firstTexts([.text(name)], in: database)
    return (found?[0], found?[1])
  }

  private static let othersNaming = """
    SELECT (SELECT job_id FROM reservations WHERE name = ?1),
      coalesce(
        (SELECT id FROM jobs WHERE input = ?1 AND state IN ('waiting', 'queued', 'running') LIMIT 1),
        (SELECT id FROM jobs
          WHERE several_inputs = 1 AND state IN ('waiting', 'queued', 'running')
            AND EXISTS (SELECT 1 FROM json_each(spec, '$.input') WHERE value = ?1) LIMIT 1),
        (SELECT job_id FROM run_inputs WHERE name = ?1 LIMIT 1))
    """

  /// Jobs that haven't ended. Kept with every job's beginning and end: counting them for each submission would take longer
  /// than the submission.
  func unfinished() throws -> Int {
    let before =
      try unfinishedBefore ?? Int.fetchOne(database.cachedStatement(sql: "SELECT unfinished FROM totals")) ?? 0
    unfinishedBefore = before
    return before + unfinishedAdded
  }

  private func tell(_ transition: JobTransition?, at moment: Timestamp) throws {
    guard let transition else { return }
    try run(JobEventRow.insert, JobEventRow.arguments(transition, at: moment))
  }
}
