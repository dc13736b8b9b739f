import TallySchema
import Testing

/// Decoders of streams are fed whole, byte by byte, and split at every position; the events are the same.
@Suite struct FramingTests {
  struct SSECase: Sendable, CustomTestStringConvertible {
    var text: String
    var events: [SSEEvent]
    var testDescription: String { text.debugDescription }
  }

  private static func event(_ data: String, id: String = "", type: String = "message") -> SSEEvent {
    SSEEvent(type: type, data: Array(data.utf8), lastEventID: id)
  }

  /// WHATWG HTML, section 9.2.6, its own examples among them.
  static let sseCases = [
    SSECase(text: "data: a\n\n", events: [event("a")]),
    SSECase(text: "data:a\r\ndata: b\r\n\r\n", events: [event("a\nb")]),
    SSECase(text: "\u{feff}data: a\n\n", events: [event("a")]),
    SSECase(text: "data\n\ndata\ndata\n\ndata:", events: [event(""), event("\n")]),
    SSECase(text: ": comment\n\ndata: a\n\n", events: [event("a")]),
    SSECase(
      text: "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
      events: [event("a", id: "1"), event("b", id: "1"), event("c")]),
    SSECase(text: "id: a\0b\ndata: x\n\n", events: [event("x")]),
    SSECase(
      text: "event: add\ndata:  a\n\ndata: b\r\rdata: c\n\n",
      events: [event(" a", type: "add"), event("b"), event("c")]),
    SSECase(text: "retry: 10\nfoo: bar\ndata: unfinished\n", events: []),
    SSECase(text: "data: é😀\n\n", events: [event("é😀")]),
  ]

  @Test(arguments: sseCases) func sseIsReadHoweverItIsCut(example: SSECase) throws {
    let bytes = Array(example.text.utf8)
    for cut in 0...bytes.count {
      var decoder = SSEDecoder()
      #expect(try decoder.feed(bytes[..<cut]) + decoder.feed(bytes[cut...]) == example.events, "cut at \(cut)")
    }
    var decoder = SSEDecoder()
    #expect(try bytes.flatMap { try decoder.feed([$0]) } == example.events)
  }

  @Test func sseTellsItsRetryTime() throws {
    var decoder = SSEDecoder()
    _ = try decoder.feed(Array("retry: 250\n\nretry: x\n\n".utf8))
    #expect(decoder.retryMilliseconds == 250)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let data = JSONValue.string("a\u{2028}b\r\nc").bytes
    var decoder = SSEDecoder()
    let stream =
      SSEEncoder.retry(milliseconds: 9) + SSEEncoder.heartbeat + SSEEncoder.event(id: "j.1.2", data: data)
      + SSEEncoder.event(id: nil, data: [0x31])
    #expect(
      try decoder.feed(stream) == [
        SSEEvent(data: data, lastEventID: "j.1.2"), SSEEvent(data: [0x31], lastEventID: "j.1.2"),
      ])
  }

  @Test func anEventHasALimit() {
    var decoder = SSEDecoder(eventBytesLimit: 10)
    #expect(throws: SSEEventTooLarge.self) { try decoder.feed(Array("data: 0123456789".utf8)) }
  }
}
