import GRDB
import JobQueue
import TallySchema
public import Uploads

extension SQLiteJobStore: UploadStore {
  public func createUpload(_ creation: UploadCreation) async throws -> UploadRecord {
    let id = JobID.make(now: clock())
    return try await write { [uploads, clock, limits] tables in
      let now = clock()
      if let parts = creation.parts {
        let there = try tables.uploads(
          "u.owner = ? AND u.parts = ? AND u.expired_at IS NULL", [.text(creation.owner), .text(parts.json.text)])
        if let upload = there.first { return upload }
      }
      let count = try Int.fetchOne(
        tables.database.cachedStatement(sql: "SELECT count(*) FROM uploads WHERE expired_at IS NULL"))
      if count ?? 0 >= limits.uploadsKept { throw UploadRefusal.tooManyUploads(limit: limits.uploadsKept) }
      var upload = try uploads.admit(creation, id: id, now: now)
      if let parts = creation.parts {
        let found = try tables.uploads(
          "u.id IN (SELECT value FROM json_each(?))", [.text(parts.json.text)])
        upload = try uploads.join(upload, found: found, lists: tables.mostLists(ofParts: parts), now: now)
      }
      try tables.insert(upload)
      return upload
    }
  }

  public func upload(_ id: String) async throws -> UploadRecord? {
    try await readShortly(telling: { [id] + ($0?.parts ?? []) }) { tables in
      try tables.upload(id).flatMap { $0.isNamed ? $0 : nil }
    }
  }

  public func segments(ofUpload id: String) async throws -> [UploadSegment] {
    try await read(telling: { [id] + $0.map(\.upload) }) { tables in
      let statement = try tables.database.cachedStatement(sql: UploadColumns.selectRope("?1"))
      return try UploadColumns.rope(Row.fetchAll(statement, arguments: [id]).map(NamedRow.init))
    }
  }

  public func beginAppending(toUpload id: String, at offset: Int, length: Int?) async throws -> UploadLifecycle.Start {
    try await write { [uploads, clock] tables in
      guard let old = try tables.upload(id) else { throw UploadRefusal.notFound }
      let now = clock()
      let start = try uploads.begin(old, at: offset, length: length, now: now)
      try tables.update(start.upload)
      if start.upload.touchedAt != old.touchedAt || start.upload.isComplete != old.isComplete {
        try tables.touchFinals(ofPart: id, now: now)
      }
      return start
    }
  }

  public func append(_ segment: UploadSegment, epoch: Int) async throws -> UploadLifecycle.Append {
    try await write { [uploads, clock] tables in
      guard let old = try tables.upload(segment.upload) else { return .stale }
      let now = clock()
      let outcome = uploads.append(old, segment, epoch: epoch, now: now)
      if case .applied(let new) = outcome, new != old {
        try tables.put(segment)
        try tables.update(new)
        try tables.touchFinals(ofPart: new.id, now: now)
      }
      return outcome
    }
  }

  public func deleteUpload(_ id: String) async throws -> [String] {
    try await write { [uploads] tables in
      guard let old = try tables.upload(id), old.isNamed else { throw UploadRefusal.notFound }
      if let job = try tables.readers(ofUpload: id).first { throw UploadRefusal.inUse(jobID: job.id) }
      if try tables.isPart(id) {
        try tables.update(uploads.delete(old))
        return []
      }
      let parts = try tables.releaseParts(ofFinal: id)
      try tables.run("DELETE FROM uploads WHERE id = ?", [id])
      tables.changed.insert(id)
      return [id] + parts
    }
  }

  public func expireUploads(most: Int) async throws -> [String] {
    try await write { [clock, limits, lifecycle] tables in
      let now = clock()
      let moment = (now + -limits.uploadExpiryMilliseconds).milliseconds
      try tables.run("DELETE FROM uploads WHERE expired_at <= ?", [moment])
      // A part lives as long as a final upload that has it.
      let expired = try String.fetchAll(
        tables.database.cachedStatement(
          sql: """
            UPDATE uploads SET expired_at = ?, epoch = epoch + 1 WHERE id IN (
              SELECT id FROM uploads WHERE touched_at <= ? AND expired_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM upload_parts WHERE part_id = id)
                AND (completed_at IS NULL OR NOT EXISTS (
                  SELECT 1 FROM upload_pins p JOIN jobs j ON j.id = p.job_id
                  WHERE p.upload_id = uploads.id AND j.\(UploadTables.isUnfinished)))
              LIMIT ?) RETURNING id
            """), arguments: [now.milliseconds, moment, most])
      var gone = expired
      for id in expired {
        // Nobody reads what isn't complete: they wait for it.
        for job in try tables.readers(ofUpload: id) {
          try tables.update(lifecycle.giveUpWaiting(job, forUpload: id, now: now), from: job, at: now)
        }
        gone += try tables.releaseParts(ofFinal: id)
        try tables.run("DELETE FROM upload_segments WHERE upload_id = ?", [id])
      }
      tables.changed.formUnion(gone)
      return gone
    }
  }

  public func files(ofUploads ids: [String]) async throws -> [String: UploadFiles] {
    // What isn't on disk yet might be undone, and the files be needed again.
    try await read(telling: { _ in ids }) { tables in
      let sql = UploadColumns.selectFiles("IN (SELECT value FROM json_each(?))")
      return try UploadColumns.files(
        Row.fetchAll(tables.database.cachedStatement(sql: sql), arguments: [ids.json.text]).map(NamedRow.init))
    }
  }
}
