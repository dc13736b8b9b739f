import GRDB
import JobQueue
import Schema

/// A job as a row of the table `jobs`, both ways.
enum JobRow {
  static let columns = [
    "id", "owner", "idempotency_key", "spec", "input", "output", "memory_bytes", "state", "claim_key", "created_at",
    "ready_at", "started_at", "finished_at", "epoch", "attempts", "rescues", "sequence", "cancel_requested", "worker",
    "lease_expires_at", "progress", "result_file", "result_bytes", "result_rows", "result_sha256",
    "result_generation", "publication", "error",
  ]

  static let insert =
    "INSERT INTO jobs (\(columns.joined(separator: ", "))) "
    + "VALUES (\(columns.map { ":" + $0 }.joined(separator: ", ")))"
  static let update =
    "UPDATE jobs SET \(columns.dropFirst().map { "\($0) = :\($0)" }.joined(separator: ", ")) WHERE id = :id"

  static func arguments(_ job: JobRecord) -> StatementArguments {
    [
      "id": job.id, "owner": job.owner, "idempotency_key": job.idempotencyKey, "spec": job.spec.json.text,
      "input": job.spec.input, "output": job.spec.output, "memory_bytes": job.spec.memoryBytes,
      "state": job.state.rawValue, "claim_key": job.claimKey, "created_at": job.createdAt.milliseconds,
      "ready_at": job.readyAt.milliseconds, "started_at": job.startedAt?.milliseconds,
      "finished_at": job.finishedAt?.milliseconds, "epoch": job.epoch, "attempts": job.attempts,
      "rescues": job.rescues, "sequence": job.sequence, "cancel_requested": job.cancelRequested,
      "worker": job.lease?.worker, "lease_expires_at": job.lease?.expiresAt.milliseconds,
      "progress": job.progress.json.text, "result_file": job.result?.file, "result_bytes": job.result?.bytes,
      "result_rows": job.result?.rows, "result_sha256": job.result?.sha256,
      "result_generation": job.result?.generation, "publication": job.publication.rawValue,
      "error": job.error?.json.text,
    ]
  }

  /// - Throws: what says which part of the row makes no sense: a store that was written by another version.
  static func job(_ row: Row) throws -> JobRecord {
    var job = JobRecord(
      id: row["id"], owner: row["owner"], idempotencyKey: row["idempotency_key"],
      spec: try JobSpec(json: JSONValue(parsing: row["spec"] as String)),
      state: try JobState(json: .string(row["state"])), createdAt: Timestamp(milliseconds: row["created_at"]),
      readyAt: Timestamp(milliseconds: row["ready_at"]))
    job.startedAt = (row["started_at"] as Int64?).map(Timestamp.init(milliseconds:))
    job.finishedAt = (row["finished_at"] as Int64?).map(Timestamp.init(milliseconds:))
    job.epoch = row["epoch"]
    job.attempts = row["attempts"]
    job.rescues = row["rescues"]
    job.sequence = row["sequence"]
    job.cancelRequested = row["cancel_requested"]
    if let worker = row["worker"] as String?, let expiry = row["lease_expires_at"] as Int64? {
      job.lease = JobLease(worker: worker, expiresAt: Timestamp(milliseconds: expiry))
    }
    job.progress = try JobProgress(json: JSONValue(parsing: row["progress"] as String))
    if let file = row["result_file"] as String? {
      job.result = CommittedResult(
        file: file, bytes: row["result_bytes"], rows: row["result_rows"], sha256: row["result_sha256"],
        generation: row["result_generation"])
    }
    job.publication = Publication(rawValue: row["publication"]) ?? .none
    job.error = try (row["error"] as String?).map { try JobFailure(json: JSONValue(parsing: $0)) }
    return job
  }
}
