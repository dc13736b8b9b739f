import Foundation
import JobQueue
import JobQueueConformance
import JobQueueSQLite
import Storage
import TallySchema
import TestSupport
import Testing

/// A worker that is stopped past its lease and goes on, while another has its job: two handles of one SQLite file, as two
/// processes would have it that the lock doesn't keep apart. Random moments; a failure prints its seed.
@Suite(.timeLimit(.minutes(2))) struct StopAndGoTests {
  private let place: TestFolder
  private let clock = ManualClock()
  private let first: SQLiteJobStore
  private let second: SQLiteJobStore

  init() async throws {
    place = try TestFolder()
    first = try SQLiteJobStore(path: place.path + "/tally.sqlite", owner: "first", clock: { [clock] in clock.now })
    // The kernel's lock is on the file that the first handle has; the second gets one of its own.
    try FileManager.default.removeItem(atPath: place.path + "/tally.sqlite.lock")
    second = try SQLiteJobStore(path: place.path + "/tally.sqlite", owner: "second", clock: { [clock] in clock.now })
  }

  @Test func fiftyRoundsLeaveNoStaleWrite() async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    var stale = 0
    for round in 0..<50 {
      let output = "out-\(round).csv"
      let spec = JobSpec(input: "in.csv", output: output)
      let job = try await first.submit(JobSubmission(owner: "a", spec: spec, idempotencyKey: nil))
      let old = try #require(await first.claim(worker: "stopped", offer: .unlimited))
      clock.advance(milliseconds: 15_001 + Int.random(in: 0...60_000, using: &random))
      let new = try #require(await second.claim(worker: "successor", offer: .unlimited))
      #expect(new.id == job.id && new.epoch == old.epoch + 1, "seed \(seed)")
      // The stopped one goes on before, amid and after the successor's writes.
      for step in 0..<3 {
        for _ in 0..<Int.random(in: 0...2, using: &random) {
          try await goOn(old, Int.random(in: 0..<4, using: &random), seed: seed)
          stale += 1
        }
        switch step {
        case 0:
          let renewed = try await second.renew(job.id, epoch: new.epoch, progress: JobProgress(bytesRead: 7))
          guard case .applied = renewed else { throw Refused(write: "renew", seed: seed) }
        case 1:
          let result = SealedResult(file: "new-\(round)", bytes: 1, rows: 2, sha256: "00")
          let committed = try await second.commit(
            job.id, epoch: new.epoch, result: result, progress: JobProgress(phase: .done))
          guard case .applied = committed else { throw Refused(write: "commit", seed: seed) }
        default: break
        }
      }
      let ended = try #require(await first.job(job.id))
      #expect(ended.state == .succeeded && ended.result?.file == "new-\(round)", "seed \(seed)")
      #expect(ended.epoch == new.epoch && ended.rescues == 1 && ended.attempts == 0, "seed \(seed)")
    }
    #expect(stale > 50, "\(stale) stale writes were tried; seed \(seed)")
    try await second.close()
    try await first.close()
  }

  private struct Refused: Error {
    var write: String
    var seed: UInt64
  }

  /// One write of the stopped worker's: it must change nothing, and say so.
  private func goOn(_ old: JobRecord, _ kind: Int, seed: UInt64) async throws {
    let before = try await second.job(old.id)
    let write =
      switch kind {
      case 0: try await first.renew(old.id, epoch: old.epoch, progress: JobProgress(bytesRead: 999))
      case 1:
        try await first.commit(
          old.id, epoch: old.epoch, result: SealedResult(file: "old", bytes: 9, rows: 9, sha256: "11"),
          progress: JobProgress(phase: .done))
      case 2: try await first.fail(old.id, epoch: old.epoch, failure: JobFailure(.unavailable, reason: "X", "x"))
      default: try await first.release(old.id, epoch: old.epoch)
      }
    guard case .stale = write else { throw Refused(write: "a stale write of kind \(kind) was taken", seed: seed) }
    #expect(try await second.job(old.id) == before, "seed \(seed)")
  }
}
