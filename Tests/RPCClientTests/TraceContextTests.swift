import RPCClient
import Testing

/// W3C Trace Context, section 3.2.
@Suite struct TraceContextTests {
  private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  private static let span = "00f067aa0ba902b7"

  @Test(arguments: [
    ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-00", true), ("cc-\(trace)-\(span)-01-more", true),
    ("00-\(trace)-\(span)-01-more", false), ("ff-\(trace)-\(span)-01", false), ("00-\(trace)-\(span)", false),
    ("00-\(String(repeating: "0", count: 32))-\(span)-01", false),
    ("00-\(trace)-\(String(repeating: "0", count: 16))-01", false), ("00-\(trace.uppercased())-\(span)-01", false),
    ("0-\(trace)-\(span)-01", false), ("", false), ("00-\(trace)x-\(span)-01", false),
  ])
  func aTraceparentIsReadStrictly(text: String, isOne: Bool) {
    #expect((TraceContext(traceparent: text) != nil) == isOne)
  }

  @Test func aChildIsOfTheSameTrace() throws {
    let parent = try #require(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-01"))
    #expect(parent.traceparent == "00-\(Self.trace)-\(Self.span)-01")
    let child = parent.child()
    #expect(child.traceID == Self.trace && child.spanID != Self.span && child.flags == 1)
    #expect(TraceContext(traceparent: child.traceparent) == child)
    #expect(TraceContext(traceparent: TraceContext().traceparent) != nil)
  }
}
