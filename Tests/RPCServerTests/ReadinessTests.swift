import Dispatch
import HTTPTypes
import HummingbirdCore
import JobQueue
import JobQueueSQLite
import StorageLocal
import TallySchema
import TestSupport
import Testing

@testable import RPCServer

/// `/readyz` answers in time when files don't, and again when they do.
@Suite(.timeLimit(.minutes(1))) struct ReadinessTests {
  @Test func readinessComesBackWithTheDisk() async throws {
    let place = try TestFolder()
    let store = try SQLiteJobStore(path: place.path + "/tally.sqlite", owner: "test", limits: .standard)
    let folder = try DataFolder(path: place.path + "/data", storeUUID: store.uuid)
    let files = FileWork(threads: 1)
    let health = HealthEndpoint(store: store, outputs: folder, isDraining: DrainFlag(), files: files)
    #expect(await health.ready().status == .ok)
    // The only thread waits for a disk; looks that never came to their turn are given up.
    let disk = DispatchSemaphore(value: 0)
    async let blocked: Void = files.run { _ in disk.wait() }
    for _ in 0..<2 { #expect(await health.ready().status == .serviceUnavailable) }
    disk.signal()
    try await blocked
    #expect(await health.ready().status == .ok)
    await files.shutDown()
    try await store.close()
  }
}
