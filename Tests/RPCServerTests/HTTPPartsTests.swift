import TallySchema
import TestSupport
import Testing

@testable import RPCServer

/// The pure parts of the HTTP binding, by table.
@Suite struct HTTPPartsTests {
  @Test(arguments: [0, 1, 1_000, 200_000]) func gzipComesBackAsItWas(count: Int) throws {
    var random = SeededRandom(seed: 7)
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...20, using: &random) }
    let packed = GzipCodec.compress(bytes)
    #expect(try GzipCodec.expand(packed, limitBytes: count) == bytes)
    #expect(try GzipCodec.expand(packed + packed, limitBytes: 2 * count) == bytes + bytes, "several members")
  }

  @Test func gzipIsRefusedWhenItIsCutOrTooLarge() {
    let packed = GzipCodec.compress([UInt8](repeating: 0, count: 10_000_000))
    #expect(packed.count < 20_000)
    #expect(throws: GzipCodec.Problem.tooLarge) { try GzipCodec.expand(packed, limitBytes: 1_000_000) }
    for cut in [0, 1, 10, packed.count / 2, packed.count - 1] {
      #expect(throws: GzipCodec.Problem.self) { try GzipCodec.expand(Array(packed[..<cut]), limitBytes: 20_000_000) }
    }
    #expect(throws: GzipCodec.Problem.invalid) { try GzipCodec.expand(Array("no gzip".utf8), limitBytes: 100) }
  }

  @Test(arguments: [
    ("", false), ("gzip", true), ("GZIP;q=0.1", true), ("gzip;q=0", false), ("deflate, gzip", true), ("*", true),
    ("*;q=0", false),
    ("gzip;q=0, *", false), ("identity", false), ("br", false),
  ])
  func gzipIsSentToWhoTakesIt(accept: String, isTaken: Bool) { #expect(RPCEndpoint.takesGzip(accept) == isTaken) }

  @Test(
    arguments: [
      ("a+b", "a b"), ("%C3%A9", "é"), ("%7b%7D", "{}"), ("%", nil), ("%4", nil), ("%zz", nil), ("%ff", nil), ("", ""),
    ] as [(String, String?)])
  func percentEncodingIsUndone(text: String, expected: String?) { #expect(QueryCall.decoded(text) == expected) }

  @Test(
    arguments: [
      (nil, .whole), ("bytes=0-0", .part(0..<1)), ("bytes=2-4", .part(2..<5)), ("bytes=2-", .part(2..<10)),
      ("bytes=9-9", .part(9..<10)), ("bytes=9-99", .part(9..<10)), ("bytes=-3", .part(7..<10)),
      ("bytes=-99", .part(0..<10)), (" BYTES = 1-2 ", .part(1..<3)), ("bytes=10-", .unsatisfiable),
      ("bytes=-0", .unsatisfiable), ("bytes=99999999999999999999-", .unsatisfiable),
      ("bytes=1-99999999999999999999", .part(1..<10)), ("bytes=4-2", .whole), ("bytes=0-1,3-4", .whole),
      ("bytes=-", .whole), ("bytes=", .whole), ("bytes", .whole), ("bytes=a-b", .whole), ("bytes=+1-2", .whole),
      ("bytes=1--2", .whole), ("rows=0-1", .whole), ("bytes=1- 2", .whole), ("bytes=\u{661}-2", .whole),
    ] as [(String?, ByteRange)])
  func aRangeIsOneOfBytesOrNone(text: String?, range: ByteRange) {
    #expect(ByteRange(text, ifRange: nil, eTag: #""a""#, bytes: 10) == range)
    #expect(ByteRange(text, ifRange: #""a""#, eTag: #""a""#, bytes: 10) == range)
    for other in [#""b""#, #"W/"a""#, "a", "Wed, 21 Oct 2015 07:28:00 GMT", ""] {
      #expect(ByteRange(text, ifRange: other, eTag: #""a""#, bytes: 10) == .whole)
    }
  }

  @Test(arguments: ["bytes=0-", "bytes=0-0", "bytes=-1"]) func nothingHasNoRange(text: String) {
    #expect(ByteRange(text, ifRange: nil, eTag: "", bytes: 0) == .unsatisfiable)
  }

  @Test(arguments: [
    (nil, false), (#""a""#, true), (#"W/"a""#, true), ("*", true), (#""b", "a""#, true), (#""b""#, false), ("a", false),
  ])
  func aTagIsNamedByAList(text: String?, isNamed: Bool) {
    #expect(ETagCondition.isNamed(#""a""#, byNoneMatch: text) == isNamed)
  }

  @Test func aDigestIsWrittenInBase64() {
    #expect(ResultEndpoint.base64(hexadecimal: "00ff10") == "AP8Q")
    #expect(ResultEndpoint.base64(hexadecimal: "") == "")
  }

  @Test func latenciesAreRightToSomePercent() {
    var histogram = LatencyHistogram()
    #expect(histogram.milliseconds(quantile: 0.5) == 0)
    for microseconds in 1...10_000 { histogram.record(microseconds) }
    #expect((4.9...5.8).contains(histogram.milliseconds(quantile: 0.5)))
    #expect((9.8...11.3).contains(histogram.milliseconds(quantile: 0.99)))
    for microseconds in [1, 2, 7, 8, 9, 15, 16, 1_000, 123_456, Int.max / 2] {
      let bucket = LatencyHistogram.bucket(microseconds)
      #expect(bucket < 256 && (bucket == 255 || LatencyHistogram.upperEnd(bucket) >= microseconds))
    }
  }

  @Test func callsInFlightHaveALimit() {
    let limit = InFlightLimit(2)
    #expect(limit.take() && limit.take() && !limit.take())
    limit.giveBack()
    #expect(limit.count == 1 && limit.take())
  }

  @Test(
    arguments: [
      ("https://ok.example", true), ("HTTPS://OK.EXAMPLE", true), ("https://ok.example:444", false), ("null", false),
      (nil, false),
    ] as [(String?, Bool)])
  func onlyListedOriginsMayRead(origin: String?, isAllowed: Bool) {
    #expect(CORSPolicy(origins: ["https://ok.example"]).allows(origin) == isAllowed)
  }

  @Test func metricsAreInPrometheusTextFormat() {
    let text = PrometheusText.text([
      "uptimeMs": 1_500, "streams": 2, "callsInFlight": 1, "memory": ["residentBytes": 9, "jobsBytes": 0],
      "jobs": ["queued": 3],
      "calls": ["getStatus": ["calls": 7, "errors": ["NOT_FOUND": 1], "p50Ms": .double(0.5), "p99Ms": 2]],
    ])
    for line in [
      "tally_uptime_seconds 1.5", "tally_streams 2", "tally_jobs{state=\"queued\"} 3",
      "tally_calls_total{method=\"getStatus\"} 7",
      "tally_call_errors_total{method=\"getStatus\",status=\"NOT_FOUND\"} 1",
      "tally_call_duration_milliseconds{method=\"getStatus\",quantile=\"0.99\"} 2",
    ] {
      #expect(text.contains("\n" + line + "\n"), "\(line)")
    }
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      #expect(line.wholeMatch(of: /tally_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.]+/) != nil, "\(line)")
    }
  }
}
