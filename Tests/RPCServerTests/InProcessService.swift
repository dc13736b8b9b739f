import EngineLocal
import Foundation
import JobQueue
import JobQueueSQLite
import JobRunner
import Logging
import StorageLocal
import TallySchema
import TestSupport

@testable import RPCServer

/// The whole service in this process, without HTTP: a real store, real files, a runner, and the dispatcher.
final class InProcessService: Sendable {
  let dispatcher: RPCDispatcher
  let place: TestFolder
  private let tasks: [Task<Void, Never>]

  init() throws {
    place = try TestFolder()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    // No test of calls is about leases: a machine that is busy with other tests must not end one.
    var limits = Limits.standard
    limits.leaseMilliseconds = 600_000
    let store = try SQLiteJobStore(path: place.path + "/tally.sqlite", owner: "test", limits: limits)
    let folder = try DataFolder(path: place.path + "/data", storeUUID: store.uuid)
    let memory = MemoryPool(totalBytes: 1 << 30)
    let hub = ProgressHub(store: store, limits: .standard, logger: logger)
    let metrics = CallMetrics()
    let stats = ServerStats(
      store: store, hub: hub, memory: memory, metrics: metrics, inFlight: InFlightLimit(8),
      downloads: InFlightLimit(8), uploads: InFlightLimit(8), limits: .standard)
    var router = RPCRouter(limits: .standard)
    try JobMethods(
      store: store, uploads: store, inputs: folder, outputs: folder, memory: memory, hub: hub, files: FileWork(),
      walks: FileWork(),
      limits: .standard
    )
    .register(in: &router)
    try router.register(SystemMethods.stats) { _, _ in try await stats.json() }
    try router.registerDiscovery()
    dispatcher = RPCDispatcher(
      router: router,
      interceptors: [MetricsInterceptor(metrics: metrics), DeadlineInterceptor(), StoreErrorInterceptor()],
      limits: .standard, logger: logger)
    let runner = Runner(
      store: store, engine: LocalEngine(inputs: folder, spillFolder: place.path, limits: .standard), storage: folder,
      memory: memory,
      configuration: Runner.Configuration(
        worker: "test", pollMilliseconds: 50, reportMilliseconds: 20,
        shutdown: ShutdownPlan(totalMilliseconds: 30_000)),
      logger: logger)
    tasks = [Task { await hub.run() }, Task { await runner.run() }]
  }

  func stop() async {
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
  }

  /// The answer to a body, as a transport would send it.
  func answer(_ body: [UInt8], _ context: RPCContext = RPCContext()) async -> String? {
    await dispatcher.respond(to: dispatcher.read(body[...]), context: context).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  func call(_ method: String, _ parameters: JSONValue) async throws -> JSONValue {
    let body = RPCRequest(id: RPCID(1), method: method, parameters: parameters).encoded()
    let reply = try JSONValue(parsing: await answer(body) ?? "")
    guard let result = reply["result"] else { throw NoResult(description: reply.text) }
    return result
  }

  struct NoResult: Error, CustomStringConvertible { var description: String }
}
