import RPCClient
import RPCClientTesting
import Synchronization
import TallySchema
import Testing

#if Logging
  import Logging
#endif
#if Metrics
  import Metrics
  import MetricsTestKit
#endif

/// A client on the transport that embedders test with; and what stands around every call.
@Suite struct FakeTransportTests {
  private let fake = FakeTransport()

  private func status(_ id: String = "j1", _ state: String = "succeeded") throws -> JobStatus {
    let error: JSONValue = ["status": "INTERNAL", "reason": "X", "message": "x"]
    return try JobStatus(
      json: .object(
        [
          JSONMember("jobId", .string(id)), JSONMember("state", .string(state)), JSONMember("input", "a.csv"),
          JSONMember("output", "b.csv"), JSONMember("createdAt", "2026-01-01T00:00:00.000Z"),
          JSONMember("epoch", 1), JSONMember("attempts", 0), JSONMember("rescues", 0),
          JSONMember("progress", Self.progress), JSONMember("published", true),
        ] + (state == "failed" ? [JSONMember("error", error)] : [])))
  }

  private static let progress: JSONValue = [
    "phase": "reading", "bytesRead": 0, "rows": 0, "groups": 0, "bytesSpilled": 0, "badRows": 0, "rowsPerSecond": 0,
  ]

  @Test func aCallIsAnsweredAndRemembered() async throws {
    let status = try status()
    fake.answer(Jobs.status) { parameters in
      #expect(parameters.jobID == "j1")
      return status
    }
    var configuration = TallyClient.Configuration()
    configuration.metadata = ["Authorization": "Bearer t"]
    let client = TallyClient(configuration, transport: fake)
    let answer = try await client.call(Jobs.status, JobParameters(jobID: "j1"), metadata: ["X-A": "b"])
    #expect(answer == status)
    #expect(fake.received.map(\.method) == ["getStatus"] && fake.received[0].parameters == ["jobId": "j1"])
    #expect(fake.received[0].call.metadata == ["Authorization": "Bearer t", "X-A": "b"])
    let most = try #require(Jobs.status.defaultDeadlineMilliseconds)
    #expect((most - 10_000...most).contains(fake.received[0].call.deadlineMilliseconds ?? 0))
  }

  @Test func aJobInAStateOfANewerServerIsWaitedFor() async throws {
    let (paused, done) = (try status("j1", "paused"), try status("j1", "succeeded"))
    let event = JobEvent(cursor: JobCursor(jobID: "j1", epoch: 1, sequence: 1), status: paused)
    fake.answer(Jobs.progress) { _ in FakeStream(events: [event], result: done) }
    var states: [String] = []
    for try await item in TallyClient(transport: fake).stream(Jobs.progress, ProgressParameters(jobID: "j1")) {
      switch item {
      case .event(let event): states.append(event.status.state.rawValue)
      case .result(let status): states.append(status.state.rawValue)
      }
    }
    #expect(states == ["paused", "succeeded"])
  }

  @Test func aStreamIsItsEventsAndOneResult() async throws {
    let status = try status()
    let event = JobEvent(cursor: JobCursor(jobID: "j1", epoch: 1, sequence: 1), status: status)
    fake.answer(Jobs.progress) { _ in FakeStream(events: [event, event], result: status) }
    let client = TallyClient(transport: fake)
    var items: [RPCStreamItem<JobEvent, JobStatus>] = []
    for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: "j1")) { items.append(item) }
    #expect(items == [.event(event), .event(event), .result(status)])
  }

  @Test func errorsAreTheServersOrOurOwn() async throws {
    let refusal = RPCError(.notFound, reason: "JOB_NOT_FOUND", "There is no job 'j1'.")
    fake.answer(Jobs.status) { _ in throw refusal }
    let client = TallyClient(transport: fake)
    await #expect(throws: RPCClientError.remote(refusal)) {
      try await client.call(Jobs.status, JobParameters(jobID: "j1"))
    }
    let unknown = await #expect(throws: RPCClientError.self) { try await client.call("none", [:]) }
    #expect(unknown?.status == .unimplemented)
    await client.shutdown()
    let ended = await #expect(throws: RPCClientError.self) { try await client.call("none", [:]) }
    guard case .local(let error)? = ended else { throw ended ?? .remote(refusal) }
    #expect(error.kind == .cancelled && error.reason == "CLIENT_SHUT_DOWN")
  }

  @Test func unavailableIsTriedAgainWhereItMayBe() async throws {
    let status = try status()
    let failures = Mutex(2)
    fake.answer(Jobs.status) { _ in
      let fails = failures.withLock { left in
        left -= 1
        return left >= 0
      }
      if fails { throw RPCError(.unavailable, reason: "DRAINING", "The server is stopping.") }
      return status
    }
    fake.answer(Jobs.submit) { _ in throw RPCError(.unavailable, reason: "DRAINING", "The server is stopping.") }
    var configuration = TallyClient.Configuration()
    configuration.retry.firstPauseMilliseconds = 1
    let client = TallyClient(configuration, transport: fake)
    #expect(try await client.call(Jobs.status, JobParameters(jobID: "j1")) == status)
    #expect(fake.received.count == 3)
    let spec = JobSpec(input: "a.csv", output: "b.csv")
    await #expect(throws: RPCClientError.self) { try await client.call(Jobs.submit, SubmitParameters(spec: spec)) }
    #expect(fake.received.count == 4, "without a key it is sent once")
  }

  @Test func allAttemptsTogetherHaveTheDeadline() async throws {
    fake.answer(Jobs.status) { _ in
      throw RPCError(.unavailable, reason: "DRAINING", "The server is stopping.", retryAfterMilliseconds: 60_000)
    }
    let client = TallyClient(transport: fake)
    let error = await #expect(throws: RPCClientError.self) {
      try await client.call(Jobs.status, JobParameters(jobID: "j1"), deadlineMilliseconds: 5_000)
    }
    #expect(error?.status == .deadlineExceeded && error?.message.contains("The server is stopping.") == true)
    #expect(fake.received.count == 1, "the pause would lead past the deadline")
  }

  @Test func aCallsFieldReplacesTheConfigurationsWhateverItsCase() async throws {
    fake.answer(SystemMethods.stats) { _ in [:] }
    var configuration = TallyClient.Configuration()
    configuration.metadata = ["Authorization": "Bearer a", "X-B": "b"]
    configuration.deadlineMilliseconds = 7
    let client = TallyClient(configuration, transport: fake)
    _ = try await client.call("rpc.stats", [:], metadata: ["authorization": "Bearer c"])
    #expect(fake.received[0].call.metadata == ["authorization": "Bearer c", "X-B": "b"])
    #expect(
      (1...7).contains(fake.received[0].call.deadlineMilliseconds ?? 0), "raw calls have the configuration's deadline")
  }

  @Test func aBatchsErrorsStandInItsAnswers() async throws {
    let status = try status()
    fake.answer(Jobs.status) { _ in status }
    fake.answer(Jobs.result) { _ in throw RPCError(.failedPrecondition, reason: "JOB_NOT_SUCCEEDED", "No result.") }
    var batch = RPCBatch()
    let first = batch.add(Jobs.status, JobParameters(jobID: "j1"))
    let second = batch.add(Jobs.result, JobParameters(jobID: "j1"))
    let answers = try await TallyClient(transport: fake).call(batch)
    #expect(try answers[first] == status)
    #expect(throws: RPCClientError.self) { try answers[second] }
  }

  @Test func aDownloadIsItsBytes() async throws {
    fake.answer(download: "/results/j1", with: Array("a,b\n".utf8))
    let client = TallyClient(transport: fake)
    var bytes: [UInt8] = []
    try await client.download("/results/j1") { bytes += $0 }
    #expect(bytes == Array("a,b\n".utf8))
    await #expect(throws: RPCClientError.self) { try await client.download("/results/none") { _ in } }
  }

  private struct Noting: RPCInterceptor {
    let name: String
    let notes: Notes

    func intercept<Answer: Sendable>(
      _ call: RPCCall, next: @Sendable (RPCCall) async throws -> Answer
    ) async throws -> Answer {
      notes.add("\(name) before \(call.name)")
      var call = call
      call.metadata["X-Way", default: ""] += name
      let answer = try await next(call)
      notes.add("\(name) after")
      return answer
    }
  }

  private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  @Test func interceptorsStandInTheirOrderAroundEveryKindOfCall() async throws {
    let status = try status()
    let notes = Notes()
    fake.answer(Jobs.status) { _ in status }
    fake.answer(Jobs.progress) { _ in FakeStream(events: [], result: status) }
    fake.answer(download: "/x", with: [1])
    var configuration = TallyClient.Configuration()
    configuration.interceptors = [Noting(name: "a", notes: notes), Noting(name: "b", notes: notes)]
    let client = TallyClient(configuration, transport: fake)
    _ = try await client.call(Jobs.status, JobParameters(jobID: "j1"))
    #expect(notes.all == ["a before getStatus", "b before getStatus", "b after", "a after"])
    for try await _ in client.stream(Jobs.progress, ProgressParameters(jobID: "j1")) {}
    try await client.download("/x") { _ in }
    var batch = RPCBatch()
    _ = batch.add(Jobs.status, JobParameters(jobID: "j1"))
    _ = try await client.call(batch)
    #expect(fake.received.map { $0.call.metadata["X-Way"] } == ["ab", "ab", "ab", "ab"])
    #expect(fake.received.map(\.call.kind) == [.unary, .stream, .download, .batch(count: 1)])
  }

  @Test func aTraceGoesOnWithACallOfItsOwn() async throws {
    fake.answer(SystemMethods.stats) { _ in [:] }
    let client = TallyClient(transport: fake)
    let trace = TraceContext()
    try await TraceContext.$current.withValue(trace) { _ = try await client.call(SystemMethods.stats, NoParameters()) }
    _ = try await client.call(SystemMethods.stats, NoParameters())
    let sent = fake.received.map { $0.call.metadata["traceparent"].flatMap { TraceContext(traceparent: $0) } }
    #expect(sent[0]?.traceID == trace.traceID && sent[0]?.spanID != trace.spanID)
    #expect(sent[1] == nil)
  }

  #if Logging
    @Test func callsAreLogged() async throws {
      let lines = Notes()
      var logger = Logger(label: "test") { _ in LineHandler(lines: lines) }
      logger.logLevel = .debug
      fake.answer(SystemMethods.stats) { _ in [:] }
      var configuration = TallyClient.Configuration()
      configuration.interceptors = [LoggingInterceptor(logger)]
      let client = TallyClient(configuration, transport: fake)
      _ = try await client.call(SystemMethods.stats, NoParameters())
      _ = try? await client.call("none", [:])
      #expect(lines.all == ["debug rpc.stats OK", "info none UNIMPLEMENTED"])
    }

    private struct LineHandler: LogHandler {
      let lines: Notes
      var metadata: Logger.Metadata = [:]
      var logLevel: Logger.Level = .debug
      subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
      }

      func log(event: LogEvent) {
        lines.add("\(event.level) \(event.metadata?["method"] ?? "") \(event.metadata?["status"] ?? "")")
      }
    }
  #endif

  #if Metrics
    @Test func callsAreMeasured() async throws {
      let metrics = TestMetrics()
      fake.answer(SystemMethods.stats) { _ in [:] }
      var configuration = TallyClient.Configuration()
      configuration.interceptors = [MetricsInterceptor(factory: metrics)]
      let client = TallyClient(configuration, transport: fake)
      _ = try await client.call(SystemMethods.stats, NoParameters())
      _ = try? await client.call("none", [:])
      let done = try metrics.expectTimer("tally_client_call", [("method", "rpc.stats"), ("status", "OK")])
      let failed = try metrics.expectTimer("tally_client_call", [("method", "none"), ("status", "UNIMPLEMENTED")])
      #expect(done.values.count == 1 && failed.values.count == 1)
    }
  #endif
}
