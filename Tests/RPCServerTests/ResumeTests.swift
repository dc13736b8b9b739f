import Synchronization
import TallySchema
import TestSupport
import Testing

@testable import RPCServer

/// A stream that goes on behind a cursor.
@Suite struct ResumeTests {
  private final class Recorder: RPCEventWriter {
    let cursors = Mutex<[String?]>([])
    func write(_ event: RPCEvent) async throws { cursors.withLock { $0.append(event.cursor) } }
  }

  /// Who names the newest cursor has seen everything: there is nothing to tell until something happens.
  @Test(arguments: [true, false]) func whatTheCallerHasSeenIsNotSentAgain(hasSeenIt: Bool) async throws {
    let service = try InProcessService()
    defer { Task { await service.stop() } }
    _ = try service.place.write(Array("k\na\n".utf8), as: "data/in.csv")
    let submitted = try await service.call(
      "submitJob", ["input": "in.csv", "output": "o.csv", "startAt": "2999-01-01T00:00:00Z"])
    let job = try #require(submitted["jobId"]?.string)
    let newest = "\(job).0.1"
    var parameters = [JSONMember("jobId", .string(job))]
    if hasSeenIt { parameters.append(JSONMember("after", .string(newest))) }
    let recorder = Recorder()
    let request = RPCRequest(id: RPCID(1), method: "streamProgress", parameters: .object(parameters))
    let stream = Task { try await service.dispatcher.stream(request, context: RPCContext(), to: recorder) }
    if hasSeenIt {
      // Time for what must not come.
      try await Task.sleep(for: .milliseconds(300))
    } else {
      for _ in 0..<3_000 where recorder.cursors.withLock({ $0.isEmpty }) {
        try await Task.sleep(for: .milliseconds(10))
      }
    }
    #expect(recorder.cursors.withLock { $0 } == (hasSeenIt ? [] : [newest]))
    _ = try await service.call("cancelJob", ["jobId": .string(job)])
    try await stream.value
    #expect(recorder.cursors.withLock { $0.last } == "\(job).0.2")
  }
}
