import Foundation
import RPCClient
import TallySchema
import TestSupport
import Testing

/// The HTTP side of a real server, spoken to by curl and by the client library.
@Suite(.timeLimit(.minutes(3))) struct HTTPTests {
  private let server: ServerProcess

  init() async throws {
    server = try await ServerProcess()
    try server.write(ServerProcess.example, as: "plays.csv")
  }

  private func stream(_ job: String, accept: String) async throws -> String {
    let body = #"{"jsonrpc":"2.0","id":"é","method":"streamProgress","params":{"jobId":"\#(job)"}}"#
    return try await server.curl(
      "-N", "-i", "-H", "Content-Type: application/json", "-H", "Accept: \(accept)", "--data-binary", body,
      server.url + "/rpc")
  }

  /// A job that begins in two seconds: whoever watches it from now on sees it all.
  private func submitBig() async throws -> String {
    _ = try server.writeBig("big.csv")
    let spec = JobSpec(
      input: "big.csv", output: "b.csv", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")],
      startAt: Timestamp.now + 4_000)
    let reply = try await server.call("submitJob", spec.json.text)
    return try #require(reply["result"]?["jobId"]?.string)
  }

  @Test func anEventStreamIsEventsAndThenOneResponse() async throws {
    let job = try await submitBig()
    let text = try await stream(job, accept: "text/event-stream")
    let split = try #require(text.firstRange(of: "\r\n\r\n"))
    let head = text[..<split.lowerBound].lowercased()
    for line in [
      "http/1.1 200 ok", "content-type: text/event-stream; charset=utf-8", "cache-control: no-store",
      "x-accel-buffering: no", "transfer-encoding: chunked",
    ] {
      #expect(head.contains(line), "\(line)")
    }
    var decoder = SSEDecoder()
    let events = try decoder.feed(Array(text[split.upperBound...].utf8))
    #expect(decoder.retryMilliseconds != nil)
    let messages = try events.map { try RPCServerMessage(json: JSONValue(parsing: $0.data[...])) }
    #expect(messages.count >= 4, "waiting, queued, running, and the response: \(messages.count)")
    let cursors = events.compactMap { JobCursor($0.lastEventID) }
    #expect(cursors.count == events.count && cursors == cursors.sorted() && Set(cursors).count == cursors.count)
    for message in messages.dropLast() {
      guard case .notification("progress", _) = message else { return #expect(Bool(false), "\(message)") }
    }
    guard case .response(let response) = messages.last else { return #expect(Bool(false), "a response ends it") }
    #expect(response.id == RPCID("é"))
    #expect(try response.outcome.get()["state"] == "succeeded" && response.outcome.get()["published"] == true)
  }

  @Test func ndjsonIsTheSameObjectsOneALine() async throws {
    let job = try await submitBig()
    let text = try await stream(job, accept: "application/x-ndjson")
    let body = text[try #require(text.firstRange(of: "\r\n\r\n")).upperBound...]
    let lines = body.split(separator: "\n")
    #expect(lines.count >= 2)
    for line in lines.dropLast() { #expect(try JSONValue(parsing: String(line))["method"] == "progress") }
    #expect(try JSONValue(parsing: String(lines.last ?? ""))["result"]?["state"] == "succeeded")
  }

  @Test func jsonIsALongPoll() async throws {
    let later = try await server.call(
      "submitJob", #"{"input":"plays.csv","output":"later.csv","startAt":"2999-01-01T00:00:00Z"}"#)
    let waiting = try #require(later["result"]?["jobId"]?.string)
    let now = try await server.call("streamProgress", #"{"jobId":"\#(waiting)"}"#)
    #expect(now["result"]?["state"] == "waiting", "without waitMs, the status as it is")
    let job = try await submitBig()
    let end = try await server.call("streamProgress", #"{"jobId":"\#(job)","waitMs":60000}"#)
    #expect(end["result"]?["state"] == "succeeded" && end["result"]?["published"] == true)
  }

  @Test func aFinishedJobGetsOnlyItsFinalResponse() async throws {
    let job = try await server.client("run", "plays.csv", "-o", "s.csv", "--quiet").output.trimmingCharacters(
      in: .newlines)
    let text = try await stream(job, accept: "*/*")
    #expect(text.components(separatedBy: "data: ").count == 2)
    #expect(text.contains(#""result":{"jobId":"\#(job)""#))
  }

  @Test func aStreamOfNoJobIsOneError() async throws {
    let text = try await stream("none", accept: "text/event-stream")
    #expect(text.contains("HTTP/1.1 200") && text.contains("JOB_NOT_FOUND") && !text.contains("id: "))
  }

  @Test func aStreamResumesAfterItsCursor() async throws {
    let job = try await submitBig()
    var decoder = SSEDecoder()
    let all = try decoder.feed(
      Array(try await stream(job, accept: "text/event-stream").split(separator: "\r\n\r\n", maxSplits: 1)[1].utf8))
    let first = try #require(all.first)
    let last = try #require(all.last)
    for cursor in [first.lastEventID, "\(job).9.9", "nonsense"] {
      let events = try await resumed(job, after: cursor, on: server)
      #expect(events.allSatisfy { $0.lastEventID != first.lastEventID }, "what was received isn't sent again")
      #expect(events.last?.lastEventID == last.lastEventID)
      let end = String(decoding: events.last?.data ?? [], as: UTF8.self)
      #expect(end.contains("\"result\""))
    }
  }

  private func resumed(_ job: String, after cursor: String, on server: ServerProcess) async throws -> [SSEEvent] {
    let body = #"{"jsonrpc":"2.0","id":1,"method":"streamProgress","params":{"jobId":"\#(job)"}}"#
    let text = try await server.curl(
      "-N", "-H", "Content-Type: application/json", "-H", "Last-Event-ID: \(cursor)", "--data-binary", body,
      server.url + "/rpc")
    var decoder = SSEDecoder()
    return try decoder.feed(Array(text.utf8))
  }

  /// Every state in which a job went on is an event that is sent again to whoever hasn't seen it: none is lost, none comes
  /// twice.
  @Test func everyStateIsReplayedAfterACursor() async throws {
    let server = try await ServerProcess(["--workers", "0"])
    try server.write(ServerProcess.example, as: "plays.csv")
    let submitted = try await server.call("submitJob", #"{"input":"plays.csv","output":"r.csv"}"#)
    let job = try #require(submitted["result"]?["jobId"]?.string)
    for method in ["cancelJob", "retryJob", "cancelJob", "retryJob", "cancelJob"] {
      let answer = try await server.call(method, #"{"jobId":"\#(job)"}"#)
      #expect(answer["result"] != nil, "\(method): \(answer.text)")
    }
    // The second and the fourth are ends that weren't the last.
    for (seen, missed) in [(1, [3, 5, 6]), (2, [3, 5, 6]), (3, [5, 6]), (4, [5, 6]), (5, [6])] {
      let events = try await resumed(job, after: "\(job).0.\(seen)", on: server)
      #expect(events.map(\.lastEventID) == missed.map { "\(job).0.\($0)" }, "after \(seen)")
    }
  }

  /// A stream that is resumed in the middle of a run goes over from what was missed to what happens.
  @Test func aReplayGoesOverIntoTheRun() async throws {
    let job = try await submitBig()
    _ = try await server.wait(job) { $0.progress.rows > 0 || $0.state.isFinal }
    let live = try await resumed(job, after: "\(job).0.1", on: server).map(\.lastEventID)
    let cursors = live.compactMap { JobCursor($0) }
    #expect(cursors.count == live.count && cursors == cursors.sorted() && Set(cursors).count == cursors.count)
    let replayed = try await resumed(job, after: "\(job).0.1", on: server).map(\.lastEventID)
    #expect(replayed.count >= 2 && Set(live).isSuperset(of: replayed), "\(replayed) in \(live)")
    #expect(live.count > replayed.count, "progress came live")
  }

  @Test func theTransportRefusesWithAJSONRPCError() async throws {
    let rpc = server.url + "/rpc"
    for (arguments, status) in [
      (["-X", "PUT", rpc], 405), (["-d", "{}", rpc], 415), ([server.url + "/none"], 404),
      ([server.url + "/results/none"], 404),
      (["--json", "{}", "-H", "Accept: text/html", rpc], 406),
      (["--json", "{}", "-H", "Origin: http://evil.example", rpc], 403),
      (["--json", "{}", "-H", "Host: evil.example", rpc], 403), (["-X", "POST", server.url + "/up"], 405),
      (["--json", String(repeating: " ", count: 1_100_000), rpc], 413),
    ] as [([String], Int)] {
      var arguments = arguments
      if let index = arguments.firstIndex(where: { $0.count > 1_000_000 }) {
        arguments[index] = "@" + (try server.place.write(Array(arguments[index].utf8), as: "body"))
      }
      let outcome = try await Programs.run("/usr/bin/curl", ["-sS", "-w", "\n%{http_code}"] + arguments)
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.last == String(status), "\(arguments.prefix(3)): \(outcome.output.prefix(300))")
      #expect(try JSONValue(parsing: lines.first ?? "")["error"]?["data"]?["status"] != nil, "\(status)")
    }
  }

  @Test func everyJSONRPCResponseIs200AndANotificationIs204() async throws {
    for (body, status) in [
      ("{", 200), ("[]", 200), (#"{"jsonrpc":"2.0","id":1,"method":"none"}"#, 200),
      (#"{"jsonrpc":"2.0","method":"getStatus"}"#, 204),
    ] {
      #expect(
        try await server.curl("-o", "/dev/null", "-w", "%{http_code}", "--json", body, server.url + "/rpc")
          == "\(status)")
    }
  }

  @Test func thePageAndTheHealthChecksAnswer() async throws {
    let page = try await server.curl("-i", server.url + "/")
    #expect(
      page.contains("Content-Security-Policy: default-src 'none'; script-src 'self'")
        && page.contains("<title>Tally</title>"))
    for path in [
      "/page.js", "/page.css", "/client/tally.js", "/client/waiting.js", "/up", "/up/databases", "/healthz", "/readyz",
    ] {
      #expect(try await server.curl("-o", "/dev/null", "-w", "%{http_code}", server.url + path) == "200", "\(path)")
    }
  }

  @Test func theReplacedApplicationsCallWorks() async throws {
    let reply = try await server.call("submitJob", #"["plays.csv","sums.csv"]"#)
    let job = try #require(reply["result"]?["jobId"]?.string)
    _ = try await server.wait(job) { $0.published }
    #expect(try server.read("sums.csv") == ServerProcess.answer)
    #expect(try await server.curl(server.url + "/results/" + job) == ServerProcess.answer)
  }

  @Test func aCancelledWatchLeavesNoTransferAndNoTask() async throws {
    let job = try await submitBig()
    let client = TallyClient(TallyClient.Configuration(server: server.url))
    for _ in 0..<20 {
      let watching = Task {
        for try await _ in client.stream(Jobs.progress, ProgressParameters(jobID: job)) {}
      }
      try await Task.sleep(for: .milliseconds(20))
      watching.cancel()
      _ = await watching.result
    }
    for _ in 0..<500 where client.activeTransfers > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(client.activeTransfers == 0)
    // An iterator that is dropped ends its transfer too.
    for try await _ in client.stream(Jobs.progress, ProgressParameters(jobID: job)) { break }
    for _ in 0..<500 where client.activeTransfers > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(client.activeTransfers == 0)
    await client.shutdown()
  }

  /// Of 64 MB, no more than some buffers' worth leaves the server while nobody takes it; and all of it in the end.
  @Test func aSlowReaderGetsTheWholeResult() async throws {
    let filler = String(repeating: "x", count: 64_000)
    let rows = (0..<1_000).map { "\(10_000 + $0)\(filler),1\n" }
    try server.write("k,n\n" + rows.joined(), as: "wide.csv")
    let job = try await server.client(
      "run", "wide.csv", "-o", "w.csv", "--group-by", "k", "--sum", "n", "--quiet"
    ).output.trimmingCharacters(in: .newlines)
    let relay = try await Relay("counting", String(server.port))
    let client = TallyClient(TallyClient.Configuration(server: "http://127.0.0.1:\(relay.port)"))
    var bytes: [UInt8] = []
    var passed: [Int] = []
    try await client.download("/results/\(job)") { piece in
      if bytes.isEmpty {
        // Until nothing more moves.
        repeat {
          try await Task.sleep(for: .milliseconds(600))
          passed.append(relay.lines.last.flatMap { Int($0) } ?? 0)
        } while passed.count < 2 || passed[passed.count - 1] != passed[passed.count - 2]
      }
      bytes += piece
    }
    #expect(passed.last.map { (1..<20_000_000).contains($0) } == true, "the server sent on: \(passed) bytes")
    #expect(try server.read("w.csv").utf8.elementsEqual(bytes))
    await client.shutdown()
  }

  /// The client's end: nobody else could have ended this call.
  @Test func aDeadlineHoldsWhereTheServerIsSilent() async throws {
    let silent = try await Relay("silent")
    let client = TallyClient(TallyClient.Configuration(server: "http://127.0.0.1:\(silent.port)"))
    _ = try await client.call("rpc.stats", [:], deadlineMilliseconds: 10_000)
    let error = await #expect(throws: RPCClientError.self) {
      try await client.call("rpc.stats", [:], deadlineMilliseconds: 200)
    }
    #expect(error?.status == .deadlineExceeded)
    await client.shutdown()
  }

  /// The server's end: `curl` would wait for a minute. And what the client asks for is what the server enforces.
  @Test func aDeadlineHoldsOnTheServer() async throws {
    let waiting = try await server.call(
      "submitJob", #"{"input":"plays.csv","output":"w.csv","startAt":"2999-01-01T00:00:00Z"}"#)
    let job = try #require(waiting["result"]?["jobId"]?.string)
    let body = #"{"jsonrpc":"2.0","id":1,"method":"streamProgress","params":{"jobId":"\#(job)","waitMs":60000}}"#
    let answer = try JSONValue(
      parsing: try await server.curl("--json", body, "-H", "Tally-Timeout-Ms: 100", server.url + "/rpc"))
    #expect(answer["error"]?["data"]?["status"] == "DEADLINE_EXCEEDED")
    #expect(answer.text.contains("100 ms (Tally-Timeout-Ms)"), "the server's words: \(answer.text)")
    let client = TallyClient(TallyClient.Configuration(server: server.url))
    let parameters: JSONValue = ["jobId": .string(job), "waitMs": 60_000]
    let error = await #expect(throws: RPCClientError.self) {
      try await client.call("streamProgress", parameters, deadlineMilliseconds: 100)
    }
    #expect(error?.status == .deadlineExceeded)
    await client.shutdown()
  }
}
