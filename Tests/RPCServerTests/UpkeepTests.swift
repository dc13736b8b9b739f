import Foundation
import GRDB
import TallySchema
import TestSupport
import Testing

@testable import RPCServer

/// `retryJob` and `deleteJob` with real files, in this process.
@Suite(.timeLimit(.minutes(1))) struct UpkeepTests {
  private func ended(_ service: InProcessService, _ job: String) async throws -> JobStatus {
    try JobStatus(json: await service.call("streamProgress", ["jobId": .string(job), "waitMs": 20_000]))
  }

  private func submit(_ service: InProcessService, _ parameters: JSONValue) async throws -> String {
    try #require(try await service.call("submitJob", parameters)["jobId"]?.string)
  }

  private func visible(_ service: InProcessService) -> String? {
    (try? service.place.read("data/out.csv")).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func aRetriedJobRunsAgainUnderItsID() async throws {
    let service = try InProcessService()
    _ = try service.place.write(Array("k,n\na,x\n".utf8), as: "data/in.csv")
    let job = try await submit(
      service,
      ["input": "in.csv", "output": "out.csv", "groupBy": ["k"], "aggregates": [["function": "sum", "column": "n"]]])
    let failed = try await ended(service, job)
    #expect(failed.state == .failed && failed.error?.reason == "NOT_A_NUMBER" && failed.attempts == 1)
    _ = try service.place.write(Array("k,n\na,1\n".utf8), as: "data/in.csv")
    let again = try JobStatus(json: await service.call("retryJob", ["jobId": .string(job)]))
    #expect(again.jobID == job && again.attempts == 0 && again.error == nil)
    let done = try await ended(service, job)
    #expect(done.state == .succeeded && done.epoch == 2 && done.published)
    #expect(visible(service) == "k,sum(n)\na,1\n")
    await service.stop()
  }

  @Test func aDeletedJobTakesItsFilesAlong() async throws {
    let service = try InProcessService()
    _ = try service.place.write(Array("k\na\n".utf8), as: "data/in.csv")
    let parameters: JSONValue = ["input": "in.csv", "output": "out.csv", "groupBy": ["k"], "aggregates": []]
    let first = try await submit(service, parameters)
    _ = try await ended(service, first)
    _ = try service.place.write(Array("k\nb\n".utf8), as: "data/in.csv")
    let second = try await submit(service, parameters)
    _ = try await ended(service, second)
    _ = try await service.call("deleteJob", ["jobId": .string(first)])
    #expect(visible(service) == "k\nb\n", "the name shows a newer result: it stays")
    _ = try await service.call("deleteJob", ["jobId": .string(second)])
    #expect(visible(service) == nil, "and goes with the job whose result it shows")
    let results = service.place.path + "/data/.tally/results"
    let left = FileManager.default.enumerator(atPath: results)?.compactMap { $0 as? String }.filter {
      $0.split(separator: "/").count > 1
    }
    #expect(left == [])
    let gone = await service.answer(
      RPCRequest(id: RPCID(1), method: "getStatus", parameters: [.string(first)]).encoded())
    #expect(gone?.contains("JOB_NOT_FOUND") == true)
    await service.stop()
  }

  /// A stream whose job is deleted is told, and doesn't wait for ever.
  @Test func aStreamOfADeletedJobEnds() async throws {
    let service = try InProcessService()
    _ = try service.place.write(Array("k\na\n".utf8), as: "data/in.csv")
    let job = try await submit(
      service,
      ["input": "in.csv", "output": "out.csv", "groupBy": ["k"], "aggregates": [], "startAt": "2999-01-01T00:00:00Z"])
    let request = RPCRequest(
      id: RPCID(1), method: "streamProgress", parameters: ["jobId": .string(job), "waitMs": 50_000])
    async let waiting = service.answer(request.encoded())
    try await Task.sleep(for: .milliseconds(50))
    // In one transaction, by another process: a job that is cancelled first ends the stream by that.
    let tables = try DatabaseQueue(path: service.place.path + "/tally.sqlite")
    try await tables.write { database in
      try database.execute(sql: "UPDATE jobs SET state = 'cancelled', finished_at = created_at")
      try database.execute(sql: "DELETE FROM jobs")
    }
    let answer = try #require(await waiting)
    #expect(answer.contains("JOB_NOT_FOUND"), "\(answer)")
    await service.stop()
  }
}
