import JobQueue
import JobQueueConformance
import TallySchema
import TestSupport
import Testing

@testable import JobQueuePostgres

/// One after the other: some of them stop the server.
@Suite(.serialized) struct PostgresTests {
  @Test(arguments: StoreConformance.cases, [false, true])
  func theFleetsStoreKeeps(rule: StoreConformance.Case, throughAPooler: Bool) async throws {
    let place = try PostgresUnderTest(isPooled: throughAPooler)
    do {
      try await rule.run(on: place)
    } catch {
      await place.closeAll()
      throw error
    }
    await place.closeAll()
  }

  private func submission(_ output: String = "o", key: String? = nil) -> JobSubmission {
    JobSubmission(owner: "a", spec: JobSpec(input: "i", output: output), idempotencyKey: key)
  }

  private func withStores<Value>(
    _ count: Int, _ more: String = "", _ body: ([PostgresJobStore], PostgresUnderTest) async throws -> Value
  ) async throws -> Value {
    let place = try PostgresUnderTest(more)
    var stores: [PostgresJobStore] = []
    for _ in 0..<count { stores.append(try await PostgresJobStore(place.address)) }
    let outcome: Result<Value, any Error>
    do { outcome = .success(try await body(stores, place)) } catch { outcome = .failure(error) }
    for store in stores { await store.close() }
    return try outcome.get()
  }

  @Test func processesThatStartTogetherMakeOneStore() async throws {
    let place = try PostgresUnderTest()
    let uuids = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<6 {
        group.addTask {
          let store = try await PostgresJobStore(place.address, connectionsMost: 1)
          await store.close()
          return store.uuid
        }
      }
      return try await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(uuids.count == 1 && uuids.first?.count == 36)
  }

  @Test(.timeLimit(.minutes(1))) func anotherProcessHearsOfASubmission() async throws {
    try await withStores(2) { stores, _ in
      let heard = Task {
        var count = 0
        for await _ in stores[1].changes.wakeups() {
          count += 1
          if try await stores[1].counts(owner: "a", includesUnnamed: true)[.queued] == 1 { return count }
        }
        return 0
      }
      // It listens by then, or tells everyone once it does.
      let job = try await stores[0].submit(submission())
      #expect(try await heard.value > 0)
      #expect(try await stores[1].job(job.id) == job)
    }
  }

  @Test func aKeyIsOneJobOnTwoServers() async throws {
    try await withStores(2) { stores, _ in
      let ids = try await withThrowingTaskGroup(of: String.self) { group in
        for index in 0..<60 { group.addTask { try await stores[index % 2].submit(self.submission(key: "k\u{0}")).id } }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(ids.count == 1)
      #expect(try await stores[1].job(owner: "a", idempotencyKey: "k\u{0}")?.idempotencyKey == "k\u{0}")
    }
  }

  @Test(.timeLimit(.minutes(1))) func callsGoOnWhenTheirConnectionsAreKilled() async throws {
    try await withStores(1) { stores, place in
      let submitting = Task {
        var ids: [String] = []
        for index in 0..<300 { ids.append(try await stores[0].submit(submission("\(index)")).id) }
        return ids
      }
      for _ in 0..<10 {
        try await Task.sleep(for: .milliseconds(30))
        try place.server.killBackends()
      }
      let ids = try await submitting.value
      let found = try await stores[0].list(JobQuery(owner: "a", pageSize: 1_000)).jobs
      #expect(found.count == 300 && Set(found.map(\.id)) == Set(ids))
    }
  }

  @Test func theStoresClockIsTheDatabases() async throws {
    try await withStores(1) { stores, place in
      let job = try await stores[0].submit(submission())
      let said = try place.server.sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
      let now = try #require(Int64(said))
      #expect(abs(now - job.createdAt.milliseconds) < 60_000)
    }
  }

  /// A report of progress touches no index: its update stays within the row's page.
  @Test func aHeartbeatIsAHeapOnlyUpdate() async throws {
    try await withStores(1) { stores, place in
      _ = try await stores[0].submit(submission())
      let job = try #require(try await stores[0].claim(worker: "w", offer: .unlimited))
      let schema = place.address.schema
      try place.server.sql("SELECT pg_stat_reset()")
      for step in 1...50 { _ = try await stores[0].renew(job.id, epoch: 1, progress: JobProgress(bytesRead: step)) }
      await stores[0].close()
      let counts = try place.server.sql(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_all_tables WHERE schemaname = '\(schema)' AND relname = 'jobs'")
      let parts = counts.split(separator: "|").compactMap { Int($0) }
      #expect(parts.count == 2 && parts[1] >= 50, "\(counts)")
    }
  }

  @Test func tablesOfAnOlderVersionAreBroughtUp() async throws {
    let place = try PostgresUnderTest()
    let schema = place.address.schema
    try place.server.sql(PostgresSchema.migrations(schema)[0])
    try place.server.sql("UPDATE \(schema).store SET version = 1")
    let store = try await PostgresJobStore(place.address)
    let job = try await store.submit(submission())
    #expect(try await store.claim(worker: "w", offer: .unlimited)?.id == job.id)
    await store.close()
    #expect(
      try await PostgresJobStore.inspect(place.address)
        == "tables of version \(PostgresSchema.migrations(schema).count)")
  }

  @Test func tablesOfANewerVersionAreGoodUntilTheySayOtherwise() async throws {
    try await withStores(1) { stores, place in
      let schema = place.address.schema
      let job = try await stores[0].submit(submission())
      try place.server.sql("UPDATE \(schema).store SET version = 99")
      let beside = try await PostgresJobStore(place.address)
      #expect(try await beside.claim(worker: "w", offer: .unlimited)?.id == job.id)
      await beside.close()
      #expect(try await PostgresJobStore.inspect(place.address) == "tables of version 99, made by a newer program")
      #expect(try place.server.sql("SELECT version FROM \(schema).store") == "99")
      try place.server.sql("UPDATE \(schema).store SET least_version = 98")
      await #expect(throws: StoreTooNew.self) { try await PostgresJobStore(place.address) }
      await #expect(throws: StoreTooNew.self) { try await PostgresJobStore.inspect(place.address) }
    }
  }
}

@Suite struct PostgresPartsTests {
  @Test(arguments: [
    ("postgres://u:p@h/d", "tally", true, "postgres://u:p@h/d", "postgres://u@h/d"),
    (
      "postgres://h/d?sslmode=require&schema=x_1&listen=false", "x_1", false, "postgres://h/d?sslmode=require",
      "postgres://h/d"
    ),
  ]) func anAddressIsTakenApart(text: String, schema: String, listens: Bool, url: String, shown: String) throws {
    let address = try PostgresStoreAddress(text)
    #expect(address.schema == schema && address.listens == listens && address.url == url && address.shown == shown)
  }

  @Test(arguments: ["mysql://h/d", "postgres://h/d?schema=a;b", "postgres://h/d?schema="])
  func aWrongAddressIsRefused(text: String) { #expect(throws: BadStoreAddress.self) { try PostgresStoreAddress(text) } }

  @Test(arguments: ["", "a", "k\u{0}\u{1F600}\"\\"]) func bytesComeBack(text: String) {
    #expect(PostgresText.text(hexadecimal: String(PostgresText.bytes(text).dropFirst(2))) == text)
  }

  @Test func anArraysTextsAreQuoted() {
    #expect(PostgresText.array(["a\"b\\c", "", "NULL"]) == #"{"a\"b\\c","","NULL"}"#)
  }

  @Test func unfinishedJobsAreCountedAgainNearTheLimit() {
    var count = UnfinishedCount()
    #expect(count.value(mayAdd: 1, most: 10) == nil)
    count.set(4, isCounted: true)
    #expect(count.value(mayAdd: 5, most: 10) == 4)
    #expect(count.value(mayAdd: 6, most: 10) == nil)
  }
}
