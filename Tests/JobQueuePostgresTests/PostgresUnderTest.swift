import JobQueue
import JobQueueConformance
import Synchronization
import TallySchema
import TestSupport
import Uploads

@testable import JobQueuePostgres

/// A store in a schema of its own, on a real server.
final class PostgresUnderTest: StoreUnderTest {
  let server: PostgresServer
  let address: PostgresStoreAddress
  private let place: TestFolder
  private let opened: Mutex<[PostgresJobStore]> = Mutex([])
  private static let count = Atomic(0)

  /// - Parameter isPooled: whether a pooler in transaction mode stands between.
  init(_ more: String = "", isPooled: Bool = false) throws {
    server = try PostgresServer.shared()
    place = try TestFolder()
    let number = PostgresUnderTest.count.add(1, ordering: .relaxed).newValue
    let schema = "test_\(number)"
    address = try PostgresStoreAddress(
      isPooled ? PostgresPooler.shared().url(schema: schema) : server.url(schema: schema, more))
  }

  var folder: String { place.path + "/data" }

  func open(clock: ManualClock, limits: Limits) async throws -> any JobStore & UploadStore {
    let store = try await PostgresJobStore(
      address, limits: limits, connectionsMost: 8, now: { String(clock.now.milliseconds) })
    opened.withLock { $0.append(store) }
    return store
  }

  /// The database server crashes, and starts again.
  func kill(_ store: any JobStore) async throws {
    try server.stop("immediate")
    try server.start()
  }

  func takeAway() async throws { try server.stop("immediate") }
  func bringBack() async throws { try server.start() }

  func rewrite(_ id: String, spec: String, needs: String) async throws {
    let (schema, condition) = (address.schema, "\(StoredValue.text(id).literal)")
    try server.sql("UPDATE \(schema).jobs SET needs = \(StoredValue.text(needs).literal) WHERE id = \(condition)")
    try server.sql("UPDATE \(schema).payloads SET spec = \(StoredValue.text(spec).literal) WHERE job_id = \(condition)")
  }

  func loseNextReply(of store: any JobStore) async throws { (store as? PostgresJobStore)?.loseNextReply() }

  func closeAll() async { for store in opened.withLock({ $0 }) { await store.close() } }
}
