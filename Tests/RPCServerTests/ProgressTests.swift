import TallySchema
import Testing

@testable import RPCServer

@Suite struct SubscriberBufferTests {
  private func update(_ sequence: Int, _ kind: JobUpdate.Kind) -> JobUpdate {
    let status = JobStatus(jobID: "j", state: .running, input: "i", output: "o", createdAt: Timestamp(milliseconds: 0))
    return JobUpdate(
      kind: kind, event: JobEvent(cursor: JobCursor(jobID: "j", epoch: 1, sequence: sequence), status: status))
  }

  private func drained(_ buffer: SubscriberBuffer) -> [Int] {
    var buffer = buffer
    var sequences: [Int] = []
    while let next = buffer.take() { sequences.append(next.cursor.sequence) }
    return sequences
  }

  @Test func progressIsConflatedToTheNewest() {
    var buffer = SubscriberBuffer(limit: 4)
    for sequence in 1...100 { buffer.offer(update(sequence, .progress)) }
    #expect(drained(buffer) == [100])
  }

  @Test func stateChangesStayCompleteAndInOrder() {
    var buffer = SubscriberBuffer(limit: 4)
    for (sequence, kind) in [
      (1, JobUpdate.Kind.state), (2, .progress), (3, .progress), (4, .state), (5, .progress), (6, .state),
    ] {
      buffer.offer(update(sequence, kind))
    }
    #expect(drained(buffer) == [1, 4, 6], "over the limit, progress goes first")
  }

  @Test func aSubscriberThatMissesStateChangesIsToldOfTheGap() {
    var buffer = SubscriberBuffer(limit: 3)
    for sequence in 1...4 { buffer.offer(update(sequence, .state)) }
    #expect(buffer.updates.count == 1)
    let newest = buffer.take()
    #expect(newest?.cursor.sequence == 4)
    #expect(newest.map { String(decoding: $0.rpcEvent.message, as: UTF8.self).contains(#""gap":true"#) } == true)
  }

  @Test func itNeverHoldsMoreThanItsLimit() {
    for limit in 1...5 {
      var buffer = SubscriberBuffer(limit: limit)
      for sequence in 0..<200 {
        buffer.offer(update(sequence, sequence % 3 == 0 ? .state : .progress))
        #expect(buffer.updates.count <= limit)
      }
    }
  }
}

@Suite struct NegotiationTests {
  @Test(
    arguments: [
      (nil, .eventStream), ("*/*", .eventStream), ("", .eventStream), ("text/event-stream", .eventStream),
      ("application/x-ndjson", .ndjson), ("application/json", .json), ("application/json-rpc", .json),
      ("text/*", .eventStream),
      ("application/*", .ndjson), ("application/json;q=0.5, text/event-stream;q=0.4", .json),
      ("application/json, text/event-stream", .eventStream), ("TEXT/Event-Stream ; Q=1", .eventStream),
      ("text/event-stream;q=0, */*;q=0.1", .ndjson), ("text/html", nil), ("text/event-stream;q=0", nil),
      ("application/json;charset=utf-8", .json),
    ] as [(String?, AnswerFraming?)])
  func theBestFramingIsChosen(accept: String?, framing: AnswerFraming?) {
    #expect(AnswerFraming.forStream(accept: accept) == framing)
  }

  @Test(
    arguments: [
      (nil, true), ("application/json", true), ("Application/JSON; Charset=utf-8", true),
      ("application/json-rpc", true),
      (" application/json ;a=b", true), ("text/plain", false), ("application/x-www-form-urlencoded", false),
      ("", false),
      ("application/jsonx", false),
    ] as [(String?, Bool)])
  func onlyJSONIsTaken(type: String?, isTaken: Bool) { #expect(RPCEndpoint.isJSON(type) == isTaken) }

  @Test(
    arguments: [
      ("localhost:8000", nil, true), ("127.0.0.1:8000", nil, true), ("[::1]:8000", nil, true), ("LOCALHOST", nil, true),
      ("evil.example:8000", nil, false), ("tally.example", nil, true), (nil, nil, false),
      ("localhost:8000", "http://localhost:8000", true), ("localhost:8000", "http://localhost:9000", false),
      ("localhost:8000", "http://evil.example", false), ("localhost:8000", "null", false),
      ("localhost:8000", "", false),
      ("127.0.0.1.evil.example", nil, false),
    ] as [(String?, String?, Bool)])
  func onlyTheServersOwnPagesMayCall(host: String?, origin: String?, isAllowed: Bool) {
    let policy = OriginPolicy(hosts: ["tally.example"])
    #expect((policy.refusal(OriginPolicy.Claim(authority: host, origin: origin)) == nil) == isAllowed)
  }
}
