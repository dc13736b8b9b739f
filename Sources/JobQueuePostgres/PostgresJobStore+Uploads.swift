import JobQueue
import TallySchema
public import Uploads

extension PostgresJobStore: UploadStore {
  public func createUpload(_ creation: UploadCreation) async throws -> UploadRecord {
    let id = JobID.make(now: .now)
    let parts = creation.parts ?? []
    let lists = PostgresStatement(
      """
      SELECT coalesce(max(lists), 0) AS lists FROM (
        SELECT count(*) AS lists FROM \(tables.schema).upload_parts WHERE part_id = ANY($1::text[]) GROUP BY part_id) AS counted
      """, [PostgresText.array(parts)])
    let reads = [
      (TransactionRead.uploadsLock, tables.lockUploads), (.clock, tables.clock),
      (
        .upload,
        tables.uploads(
          "u.id = $1 OR (u.owner = $2 AND u.parts = $3 AND u.expired_at IS NULL)",
          [id, creation.owner, creation.parts?.json.text])
      ),
      (.parts, tables.uploads("u.id = ANY($1::text[]) ORDER BY u.id FOR UPDATE OF u", [PostgresText.array(parts)])),
      (.finals, lists),
      (
        .count,
        PostgresStatement("SELECT count(*) AS count FROM \(tables.schema).uploads WHERE expired_at IS NULL")
      ),
    ]
    return try await database.transaction(reads: reads) { [tables, uploads, limits] found, _ in
      // The same list, or what an earlier try has made, whose answer was lost.
      if let there = try found.rows(.upload).first.map(UploadColumns.upload) {
        return PostgresDatabase.Decision(value: there, writes: [])
      }
      let count = try found.rows(.count).first?.required("count") ?? 0
      if count >= limits.uploadsKept { throw UploadRefusal.tooManyUploads(limit: limits.uploadsKept) }
      let now = try PostgresTables.moment(found[.clock])
      var upload = try uploads.admit(creation, id: id, now: now)
      if creation.parts != nil {
        let lists = Int(try found.rows(.finals).first?.required("lists") ?? 0)
        upload = try uploads.join(
          upload, found: try found.rows(.parts).map(UploadColumns.upload), lists: lists, now: now)
      }
      return PostgresDatabase.Decision(value: upload, writes: tables.insert(upload))
    }
  }

  public func upload(_ id: String) async throws -> UploadRecord? {
    if id.utf8.contains(0) { return nil }
    let found = try await database.read(tables.uploads("u.id = $1 AND u.is_named = 1", [id]))
    return try found.first.map(UploadColumns.upload)
  }

  public func segments(ofUpload id: String) async throws -> [UploadSegment] {
    if id.utf8.contains(0) { return [] }
    let statement = PostgresStatement(UploadColumns.selectRope("$1", schema: "\(tables.schema)."), [id])
    return try UploadColumns.rope(await database.read(statement))
  }

  public func beginAppending(toUpload id: String, at offset: Int, length: Int?) async throws -> UploadLifecycle.Start {
    let reads = [
      (TransactionRead.upload, tables.lockUpload(id)), (.finals, tables.lockFinals(ofPart: id)), (.clock, tables.clock),
    ]
    let start = try await database.transaction(reads: reads) { [tables, uploads] found, _ in
      guard let old = try found.rows(.upload).first.map(UploadColumns.upload) else { throw UploadRefusal.notFound }
      let now = try PostgresTables.moment(found[.clock])
      let start = try uploads.begin(old, at: offset, length: length, now: now)
      var writes = [tables.update(start.upload)]
      if start.upload.touchedAt != old.touchedAt || start.upload.isComplete != old.isComplete {
        writes.append(tables.touchFinals(ofPart: id, now: now))
      }
      if start.upload.isComplete, !old.isComplete { writes.append(tables.notify) }
      return PostgresDatabase.Decision(value: start, writes: writes)
    }
    if start.upload.isComplete { changes.notify() }
    return start
  }

  public func append(_ segment: UploadSegment, epoch: Int) async throws -> UploadLifecycle.Append {
    let reads = [
      (TransactionRead.upload, tables.lockUpload(segment.upload)), (.finals, tables.lockFinals(ofPart: segment.upload)),
      (.clock, tables.clock),
    ]
    let outcome = try await database.transaction(reads: reads) { [tables, uploads] found, _ in
      guard let old = try found.rows(.upload).first.map(UploadColumns.upload) else {
        return PostgresDatabase.Decision(value: UploadLifecycle.Append.stale, writes: [])
      }
      let now = try PostgresTables.moment(found[.clock])
      let outcome = uploads.append(old, segment, epoch: epoch, now: now)
      guard case .applied(let new) = outcome, new != old else {
        return PostgresDatabase.Decision(value: outcome, writes: [])
      }
      return PostgresDatabase.Decision(
        value: outcome,
        writes: [tables.put(segment), tables.update(new), tables.touchFinals(ofPart: new.id, now: now)]
          + (new.isComplete ? [tables.notify] : []))
    }
    // A job may have waited for it.
    if case .applied(let upload) = outcome, upload.isComplete { changes.notify() }
    return outcome
  }

  public func deleteUpload(_ id: String) async throws -> [String] {
    if id.utf8.contains(0) { throw UploadRefusal.notFound }
    let reads = [
      (TransactionRead.upload, tables.lockUpload(id)), (.finals, tables.isPart(id)),
      (.parts, tables.ownParts(ofFinal: id)),
      (.job, tables.readers(ofUploads: [id])),
    ]
    return try await database.transaction(reads: reads) { [tables, uploads] found, isRepeated in
      guard let old = try found.rows(.upload).first.map(UploadColumns.upload), old.isNamed else {
        if isRepeated { return PostgresDatabase.Decision(value: [], writes: []) }
        throw UploadRefusal.notFound
      }
      if let job = found.rows(.job).first?.text("id") { throw UploadRefusal.inUse(jobID: job) }
      if !found.rows(.finals).isEmpty {
        return PostgresDatabase.Decision(value: [], writes: [tables.update(uploads.delete(old))])
      }
      let gone = [id] + found.rows(.parts).compactMap { $0.text("id") }
      return PostgresDatabase.Decision(value: gone, writes: [tables.deleteUploads(gone)])
    }
  }

  public func expireUploads(most: Int) async throws -> [String] {
    let moment = "\(tables.now()) - \(limits.uploadExpiryMilliseconds)::bigint"
    _ = try await database.change(
      PostgresStatement("DELETE FROM \(tables.schema).uploads WHERE expired_at <= \(moment)"))
    let due = tables.due(before: moment)
    let candidates = try await database.read(
      PostgresStatement("SELECT u.id FROM \(tables.schema).uploads u WHERE \(due) LIMIT $1::bigint", [String(most)])
    ).compactMap { $0.text("id") }
    if candidates.isEmpty { return [] }
    // Looked at again after they are locked, in a statement of its own, which sees what was committed until then: a job or a list
    // may have come to have one, or bytes.
    let list = PostgresText.array(candidates)
    let lock = PostgresStatement(
      "SELECT u.id FROM \(tables.schema).uploads u WHERE u.id = ANY($1::text[]) ORDER BY u.id FOR UPDATE SKIP LOCKED",
      [list])
    let still = PostgresStatement(
      "SELECT u.id FROM \(tables.schema).uploads u WHERE u.id = ANY($1::text[]) AND \(due)", [list])
    let reads = [
      (TransactionRead.clock, tables.clock), (.upload, lock), (.parts, still),
      (.job, tables.readers(ofUploads: candidates)),
    ]
    let expired = try await database.transaction(reads: reads) { [tables, lifecycle] found, _ in
      let locked = Set(found.rows(.upload).compactMap { $0.text("id") })
      let ids = found.rows(.parts).compactMap { $0.text("id") }.filter(locked.contains)
      let now = try PostgresTables.moment(found[.clock])
      // Nobody reads what isn't complete: they wait for it.
      let writes = try found.rows(.job).map(PostgresTables.job).flatMap { job -> [PostgresStatement] in
        guard let id = job.spec.uploads.first(where: { ids.containsBytes(of: $0) }) else { return [] }
        return tables.update(lifecycle.giveUpWaiting(job, forUpload: id, now: now), from: job, at: now)
      }
      return PostgresDatabase.Decision(value: ids, writes: ids.isEmpty ? [] : writes + tables.expire(ids, now: now))
    }
    changes.notify()
    return expired
  }

  public func files(ofUploads ids: [String]) async throws -> [String: UploadFiles] {
    let statement = PostgresStatement(
      UploadColumns.selectFiles("= ANY($1::text[])", schema: "\(tables.schema)."),
      [PostgresText.array(ids.filter { !$0.utf8.contains(0) })])
    return try UploadColumns.files(await database.read(statement))
  }
}
