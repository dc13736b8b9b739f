public import JobQueue
public import Storage
import TallySchema

extension PostgresJobStore {
  public func startReading(_ id: String, epoch: Int, _ inputs: [InputReading]) async throws -> ReadingStart {
    let matched = inputs.filter(\.isMatched).map(\.name)
    // With the names' lock: a submission that takes one of them comes before, and it is left out, or after, and is refused.
    // Names that were asked for are known since the job's own submission.
    var reads = [(TransactionRead.job, tables.lock(id))]
    if !matched.isEmpty { reads = [(.namesLock, tables.lockNames)] + reads + [(.writers, tables.writers(matched))] }
    return try await database.transaction(reads: reads) { [tables] found, _ in
      guard let job = try found.rows(.job).first.map(PostgresTables.job) else {
        throw JobStoreError.notFound(jobID: id)
      }
      guard job.state == .running, job.epoch == epoch else {
        return PostgresDatabase.Decision(value: ReadingStart.stale, writes: [])
      }
      let writers = found.rows(.writers).filter { $0.text("job_id")?.hasSameBytes(as: id) == false }
      let written = Set(writers.compactMap { $0.text("name").map { Array($0.utf8) } })
      let kept = inputs.filter { !$0.isMatched || !written.contains(Array($0.name.utf8)) }
      return PostgresDatabase.Decision(value: ReadingStart.reads(kept), writes: tables.setInputs(kept, of: id))
    }
  }

  public func checkName(_ name: String, of owner: String, isThere: Bool) async throws {
    let reads = [
      (TransactionRead.writers, tables.writers([name])), (.readers, tables.readers([name])),
      (.patterns, tables.patterns(of: isThere ? [owner] : [])),
    ]
    try await database.transaction(reads: reads) { found, _ in
      if let problem = SpecNames(found).problem(of: [name], existing: isThere ? [name] : [], owner: owner) {
        throw problem
      }
      return PostgresDatabase.Decision(value: (), writes: [])
    }
  }

  public func readers(of identity: String) async throws -> [InputReader] {
    let statement = PostgresStatement(
      "SELECT r.job_id, r.name FROM \(tables.schema).run_inputs r \(tables.unended("r")) WHERE r.identity = $1 ORDER BY r.job_id",
      [identity])
    return try await database.read(statement).map { row in
      InputReader(jobID: row.text("job_id") ?? "", name: row.text("name") ?? "")
    }
  }
}
