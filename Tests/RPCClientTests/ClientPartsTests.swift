import Synchronization
import TallySchema
import Testing

@testable import RPCClient

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The client's pure parts, by table. Calls over sockets are in the end-to-end tests.
@Suite struct ClientPartsTests {
  /// An embedding program goes on without its call.
  @Test func withoutAThreadACallFailsAndTheNextOneTriesAgain() async throws {
    let attempts = Atomic(0)
    let loop = CurlLoop { worker in
      attempts.add(1, ordering: .relaxed)
      return attempts.load(ordering: .relaxed) < 3 ? EAGAIN : worker.start()
    }
    let request = HTTPRequestMessage(method: "GET", url: "http://127.0.0.1:1/", connectMilliseconds: 1_000)
    for _ in 0..<2 {
      let error = #expect(throws: TransferError.self) { try loop.begin(request, bufferBytes: 1_024) }
      #expect(error?.kind == .other && error?.wasSent == false)
      #expect(error?.message.contains("Raise its limit of threads") == true)
    }
    let transfer = try loop.begin(request, bufferBytes: 1_024)
    let error = await #expect(throws: TransferError.self) { try await transfer.head() }
    #expect(error?.kind == .connection, "it went as far as the port that nobody listens on")
    await loop.shutdown()
    #expect(attempts.load(ordering: .relaxed) == 3)
  }

  private func offer(_ count: Int, to buffer: inout BodyBuffer) -> Bool {
    [UInt8](repeating: 1, count: count).withUnsafeBytes { buffer.offer($0) }
  }

  @Test func aFullBufferPausesAndResumesOnce() {
    var buffer = BodyBuffer(limitBytes: 10)
    #expect(offer(6, to: &buffer))
    #expect(!offer(6, to: &buffer), "no room: refused whole")
    #expect(buffer.isPaused && buffer.bytes.count == 6)
    var taken = buffer.take()
    #expect(taken.piece.count == 6 && taken.resumes)
    #expect(offer(6, to: &buffer))
    taken = buffer.take()
    #expect(taken.piece.count == 6 && !taken.resumes)
  }

  @Test func anEmptyBufferTakesAPieceOfAnySize() {
    var buffer = BodyBuffer(limitBytes: 10)
    #expect(offer(1_000, to: &buffer))
    #expect(!offer(1, to: &buffer))
  }

  @Test func aHeadIsReadAndAnInterimOneIsForgotten() {
    var parser = HeadParser()
    for line in ["HTTP/1.1 100 Continue\r\n", "X-A: b\r\n", "\r\n"] { parser.feed(line.utf8) }
    #expect(!parser.isComplete)
    for line in ["HTTP/1.1 200 OK\r\n", "Content-Type:  text/csv\r\n", "X-Empty:\r\n", "\r\n"] {
      parser.feed(line.utf8)
    }
    #expect(parser.isComplete)
    #expect(parser.head == HTTPResponseHead(status: 200, headers: ["content-type": "text/csv", "x-empty": ""]))
  }

  @Test(arguments: [
    (["HTTP/1.1 200 OK\r\n", "Content-Type: a\r\n"], true), (["HTTP/1.1 200 OK\r\n"], true),
    (["HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n"], false), (["HTTP/1.1 204 No Content\r\n", "\r\n"], false),
    (["HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n"], false),
    (["HTTP/1.0 200 OK\r\n", "\r\n"], false), (["HTTP/2 200 \r\n", "\r\n"], false),
  ])
  func aHeadThatWasCutIsKnown(lines: [String], isCut: Bool) {
    var parser = HeadParser()
    for line in lines { parser.feed(line.utf8) }
    #expect(parser.head.isCut == isCut)
  }

  @Test(arguments: [
    (RPCStatus.unavailable, 1, true, true), (.unavailable, 2, true, true), (.unavailable, 3, true, false),
    (.unavailable, 1, false, false), (.notFound, 1, true, false), (.deadlineExceeded, 1, true, false),
  ])
  func onlyRepeatableCallsAreSentAgain(status: RPCStatus, attempt: Int, isRepeatable: Bool, isSent: Bool) {
    let pause = RetryPolicy().pause(
      after: .remote(RPCError(status, reason: "X", "x")), attempt: attempt, isRepeatable: isRepeatable, random: 0.5)
    #expect((pause != nil) == isSent)
  }

  @Test func pausesDoubleUpToTheirLimitAndHeedTheServer() {
    let policy = RetryPolicy(attempts: 20, firstPauseMilliseconds: 100, pauseMillisecondsMost: 1_000)
    #expect((1...6).map { policy.pause(attempt: $0, atLeast: 0, random: 1) } == [100, 200, 400, 800, 1_000, 1_000])
    #expect(policy.pause(attempt: 1, atLeast: 0, random: 0) == 50)
    #expect(policy.pause(attempt: 1, atLeast: 700, random: 0) == 700)
  }

  @Test func aClientThatNeverCalledShutsDownTwice() async {
    let client = TallyClient()
    await client.shutdown()
    await client.shutdown()
    let error = await #expect(throws: RPCClientError.self) { try await client.call("x", [:]) }
    #expect(error?.reason == "CLIENT_SHUT_DOWN")
  }

  @Test func aServerThatIsNotThereIsUnavailable() async {
    var configuration = TallyClient.Configuration(server: "http://127.0.0.1:9")
    configuration.retry = .never
    let client = TallyClient(configuration)
    let error = await #expect(throws: RPCClientError.self) { try await client.call("x", [:]) }
    #expect(error?.status == .unavailable && error?.message.contains("127.0.0.1:9") == true)
    await client.shutdown()
  }

  @Test(arguments: ["ftp://127.0.0.1", "http://", "nonsense://x"]) func aURLThatIsNoneIsSaid(server: String) async {
    let client = TallyClient(TallyClient.Configuration(server: server))
    let error = await #expect(throws: RPCClientError.self) { try await client.call("x", [:]) }
    #expect(error?.status == .invalidArgument || error?.status == .unavailable)
    await client.shutdown()
  }

  private func head(_ status: Int, _ headers: [String: String] = [:]) -> HTTPResponseHead {
    HTTPResponseHead(status: status, headers: headers.merging(["etag": "\"a\""]) { given, _ in given })
  }

  @Test func aDownloadGoesOnWhereItStood() throws {
    var state = DownloadState()
    #expect(state.fields.isEmpty)
    try state.begin(head(200))
    #expect(state.fields.isEmpty, "nothing was taken: it begins again")
    state.offset = 7
    #expect(state.fields == ["Range": "bytes=7-", "If-Range": "\"a\""])
    try state.begin(head(206, ["content-range": "bytes 7-9/10"]))
    #expect(state.isWhole(head(416, ["content-range": "bytes */7"])))
    #expect(!state.isWhole(head(416, ["content-range": "bytes */8"])) && !DownloadState().isWhole(head(416)))
    for other in [head(200), head(206), head(206, ["content-range": "bytes 6-9/10"])] {
      #expect(throws: RPCClientError.self) { try state.begin(other) }
    }
  }

  private func batch() -> (RPCBatch, RPCBatch.Item<JobStatus>, RPCBatch.Item<JobPage>) {
    var batch = RPCBatch()
    let status = batch.add(Jobs.status, JobParameters(jobID: "a"))
    let list = batch.add(Jobs.list, ListParameters())
    return (batch, status, list)
  }

  @Test func aBatchsAnswersAreFoundInAnyOrder() throws {
    let (batch, status, list) = batch()
    #expect(batch.requests.map { $0.id?.rawText } == ["0", "1"] && batch.isRepeatable)
    let error = RPCError(.notFound, reason: "JOB_NOT_FOUND", "There is no job 'a'.")
    let answers = try batch.answers([
      RPCResponse(id: RPCID(1), result: ["jobs": []]), RPCResponse(id: RPCID(0), error: error),
    ])
    #expect(throws: RPCClientError.remote(error)) { try answers[status] }
    #expect(try answers[list].jobs.isEmpty)
  }

  @Test(arguments: [[], [0], [0, 0], [0, 2], [0, 1, 2]])
  func whatDoesntAnswerABatchIsRefused(ids: [Int]) throws {
    #expect(throws: RPCClientError.self) {
      try batch().0.answers(ids.map { RPCResponse(id: RPCID($0), result: [:]) })
    }
  }

  @Test func aBatchWithASubmissionWithoutAKeyIsNotRepeated() {
    var batch = RPCBatch()
    _ = batch.add(Jobs.submit, SubmitParameters(spec: JobSpec(input: "i", output: "o"), idempotencyKey: "k"))
    #expect(batch.isRepeatable)
    _ = batch.add(Jobs.submit, SubmitParameters(spec: JobSpec(input: "i", output: "o2")))
    #expect(!batch.isRepeatable)
  }
}
