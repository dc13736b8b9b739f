import GRDB
import JobQueue
import Schema

/// The statements on the tables, inside a transaction of the caller's.
struct JobTables {
  let database: Database

  func job(_ id: String) throws -> JobRecord? { try first("id = ?", [id]) }

  func first(_ condition: String, _ arguments: StatementArguments) throws -> JobRecord? {
    try Row.fetchOne(database.cachedStatement(sql: "SELECT * FROM jobs WHERE \(condition)"), arguments: arguments)
      .map(JobRow.job)
  }

  func all(_ condition: String, _ arguments: StatementArguments = []) throws -> [JobRecord] {
    try Row.fetchAll(database.cachedStatement(sql: "SELECT * FROM jobs WHERE \(condition)"), arguments: arguments)
      .map(JobRow.job)
  }

  func run(_ sql: String, _ arguments: StatementArguments = []) throws {
    try database.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  func insert(_ new: NewJob) throws {
    try run(JobRow.insert, new.row)
    try reserve(new.job)
    try count(1)
    try run(JobEventRow.insert, new.event)
  }

  /// Takes the job's output name until it is given up by ``update(_:from:at:by:)``.
  func reserve(_ job: JobRecord) throws {
    for name in job.spec.outputs {
      try run("INSERT INTO reservations (name, job_id) VALUES (?, ?)", [name, job.id])
    }
  }

  /// Writes a job's new values; what is told of the change goes to its events as well.
  func update(_ job: JobRecord, from old: JobRecord, at moment: Timestamp, by actor: String? = nil) throws {
    guard job != old else { return }
    try run(JobRow.update, JobRow.updateArguments(job))
    if old.reservesOutput && !job.reservesOutput { try run("DELETE FROM reservations WHERE job_id = ?", [job.id]) }
    if old.state.isFinal != job.state.isFinal { try count(job.state.isFinal ? -1 : 1) }
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
    try run(
      """
      INSERT INTO outputs (name, generation, job_id) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, job_id = excluded.job_id
      """, [job.spec.output, result.generation, job.id])
  }

  /// The unfinished jobs that write and read a name, and how many there are altogether: one statement for all of it,
  /// since every submission asks. Of jobs that read several files, each is looked through.
  func others(naming name: String) throws -> (writer: String?, reader: String?, unfinished: Int) {
    let statement = try database.cachedStatement(
      sql: """
        SELECT (SELECT job_id FROM reservations WHERE name = ?1) AS writer,
          coalesce(
            (SELECT id FROM jobs WHERE input = ?1 AND state IN ('waiting', 'queued', 'running') LIMIT 1),
            (SELECT id FROM jobs
              WHERE json_type(spec, '$.input') = 'array' AND state IN ('waiting', 'queued', 'running')
                AND EXISTS (SELECT 1 FROM json_each(spec, '$.input') WHERE value = ?1) LIMIT 1)) AS reader,
          (SELECT unfinished FROM totals) AS unfinished
        """)
    let row = try Row.fetchOne(statement, arguments: [name])
    return (row?["writer"], row?["reader"], row?["unfinished"] ?? 0)
  }

  /// Kept with every job's beginning and end: counting them for each submission would take longer than the submission.
  private func count(_ more: Int) throws { try run("UPDATE totals SET unfinished = unfinished + ?", [more]) }

  private func tell(_ transition: JobTransition?, at moment: Timestamp) throws {
    guard let transition else { return }
    try run(JobEventRow.insert, JobEventRow.arguments(transition, at: moment))
  }
}
