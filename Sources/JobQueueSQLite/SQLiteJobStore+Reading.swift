import GRDB
public import JobQueue
public import Storage
import TallySchema

extension SQLiteJobStore {
  public func startReading(_ id: String, epoch: Int, _ inputs: [InputReading]) async throws -> ReadingStart {
    try await write { tables in
      guard let job = try tables.job(id) else { throw JobStoreError.notFound(jobID: id) }
      guard job.state == .running, job.epoch == epoch else { return .stale }
      let kept = try inputs.filter { try !$0.isMatched || !tables.isWritten($0.name, byOthersThan: id) }
      try tables.setInputs(kept, of: id)
      return .reads(kept)
    }
  }

  public func checkName(_ name: String, of owner: String, isThere: Bool) async throws {
    try await read { tables in
      try SQLiteJobStore.checkNames([name], existing: isThere ? [name] : [], of: owner, tables)
    }
  }

  public func readers(of identity: String) async throws -> [InputReader] {
    try await read { tables in
      let rows = try Row.fetchAll(
        tables.database.cachedStatement(sql: "SELECT job_id, name FROM run_inputs WHERE identity = ? ORDER BY job_id"),
        arguments: [identity])
      return rows.map { InputReader(jobID: $0["job_id"], name: $0["name"]) }
    }
  }
}

extension JobTables {
  /// The patterns of an owner's unfinished jobs, each with the ID of one of them.
  func patterns(of owner: String) throws -> [(pattern: String, jobID: String)] {
    let rows = try Row.fetchAll(
      database.cachedStatement(
        sql: "SELECT pattern, min(job_id) AS job_id FROM patterns WHERE owner = ? GROUP BY pattern"),
      arguments: [owner])
    return rows.map { ($0["pattern"], $0["job_id"]) }
  }

  fileprivate func isWritten(_ name: String, byOthersThan id: String) throws -> Bool {
    let writer = try String.fetchOne(
      database.cachedStatement(sql: "SELECT job_id FROM reservations WHERE name = ?"), arguments: [name])
    return writer != nil && writer != id
  }

  fileprivate func setInputs(_ inputs: [InputReading], of id: String) throws {
    try run("DELETE FROM run_inputs WHERE job_id = ?", [id])
    for input in inputs {
      try run("INSERT INTO run_inputs (name, job_id, identity) VALUES (?, ?, ?)", [input.name, id, input.identity])
    }
  }
}
