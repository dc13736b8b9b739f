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

  func insert(_ job: JobRecord) throws {
    try run(JobRow.insert, JobRow.arguments(job))
    try reserve(job)
    try addEvent(of: job)
  }

  /// Takes the job's output name until it is given up by ``update(_:from:)``.
  func reserve(_ job: JobRecord) throws {
    for name in job.spec.outputs {
      try run("INSERT INTO reservations (name, job_id) VALUES (?, ?)", [name, job.id])
    }
  }

  /// Writes a job's new values; a change of its state, or of its publication, goes to its events as well.
  func update(_ job: JobRecord, from old: JobRecord) throws {
    guard job != old else { return }
    try run(JobRow.update, JobRow.arguments(job))
    if old.reservesOutput && !job.reservesOutput { try run("DELETE FROM reservations WHERE job_id = ?", [job.id]) }
    if job.state != old.state || job.publication != old.publication || job.epoch != old.epoch { try addEvent(of: job) }
  }

  /// Reads a job, changes it by a rule of the lifecycle, and writes what comes out.
  ///
  /// - Throws: ``JobStoreError/notFound(jobID:)``.
  func change(_ id: String, _ rule: (JobRecord) throws -> JobRecord) throws -> JobRecord {
    guard let old = try job(id) else { throw JobStoreError.notFound(jobID: id) }
    let new = try rule(old)
    try update(new, from: old)
    return new
  }

  /// The same for a worker's write, which may be refused.
  func write(_ id: String, _ rule: (JobRecord) throws -> JobLifecycle.WorkerWrite) throws -> JobLifecycle.WorkerWrite {
    guard let old = try job(id) else { throw JobStoreError.notFound(jobID: id) }
    let outcome = try rule(old)
    if case .applied(let new) = outcome { try update(new, from: old) }
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

  private func addEvent(of job: JobRecord) throws {
    try run(
      "INSERT INTO events (job_id, sequence, epoch, status) VALUES (?, ?, ?, ?)",
      [job.id, job.sequence, job.epoch, job.status.json.text])
  }
}
