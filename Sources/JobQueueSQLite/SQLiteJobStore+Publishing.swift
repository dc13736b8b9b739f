import GRDB
public import JobQueue
public import TallySchema

extension SQLiteJobStore {
  public func unpublished() async throws -> [JobRecord] {
    try await read(telling: { $0.map(\.id) }) { try $0.all("publication = 'pending' ORDER BY finished_at") }
  }

  public func newestCommitted(output: String) async throws -> JobRecord? {
    try await read(telling: { $0.map { [$0.id] } ?? [] }) {
      try $0.first("id = (SELECT job_id FROM outputs WHERE name = ?)", [output])
    }
  }

  public func markPublished(_ id: String, generation: Int) async throws {
    try await write { [lifecycle, clock] tables in
      let now = clock()
      _ = try tables.change(id, at: now) { lifecycle.publish($0, generation: generation, now: now) }
    }
  }

  public func abandonPublication(_ id: String, by actor: String) async throws -> JobRecord {
    try await write { [lifecycle, clock] tables in
      let now = clock()
      return try tables.change(id, at: now, by: actor) { lifecycle.abandonPublishing($0, now: now) }
    }
  }

  public func markDelayed(_ id: String, generation: Int, failure: JobFailure) async throws {
    try await write { [lifecycle, clock] tables in
      _ = try tables.change(id, at: clock()) {
        lifecycle.delayPublishing($0, generation: generation, failure: failure)
      }
    }
  }

  public func markUnpublishable(_ id: String, generation: Int, failure: JobFailure) async throws {
    try await write { [lifecycle, clock] tables in
      let now = clock()
      _ = try tables.change(id, at: now) {
        lifecycle.giveUpPublishing($0, generation: generation, failure: failure, now: now)
      }
    }
  }

  public func unnamed(endedMilliseconds: Int, most: Int) async throws -> [JobRecord] {
    let moment = clock() + -endedMilliseconds
    return try await read(telling: { $0.map(\.id) }) {
      try $0.all("output = '' AND finished_at < ? ORDER BY finished_at LIMIT ?", [moment.milliseconds, most])
    }
  }

  public func prune(endedBefore moment: Timestamp, most: Int) async throws -> Int {
    try await write { tables in
      let gone = try String.fetchAll(
        tables.database.cachedStatement(
          sql: """
            DELETE FROM jobs WHERE id IN (
              SELECT id FROM jobs WHERE finished_at < ? AND publication <> 'pending' ORDER BY finished_at LIMIT ?)
            RETURNING id
            """), arguments: [moment.milliseconds, most])
      tables.changed.formUnion(gone)
      return gone.count
    }
  }
}
