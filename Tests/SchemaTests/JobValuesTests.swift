import TallySchema
import Testing

/// The job service's values: their JSON both ways, their defaults, and what they refuse.
@Suite struct JobValuesTests {
  private func spec(_ text: String) throws -> SubmitParameters {
    try SubmitParameters(json: JSONValue(parsing: text), limits: .standard)
  }

  @Test func anInputAndAnOutputAreEnough() throws {
    let parameters = try spec(#"{"input":"a.csv","output":"b.csv"}"#)
    #expect(parameters.spec.groupBy == ["Song", "Date"])
    #expect(parameters.spec.outputColumns == ["Song", "Date", "Total Number of Plays for Date"])
    #expect(parameters.spec.memoryBytes == 256 << 20)
  }

  @Test func leavingADefaultOutIsTheSameAsSayingIt() throws {
    let short = try spec(#"{"input":"a","output":"b"}"#)
    let long = try spec(
      #"""
      {"input":"a","output":"b","groupBy":["Song","Date"],"csv":{"delimiter":","},"onBadRow":"fail","priority":0,
       "aggregates":[{"function":"sum","column":"Number of Plays","as":"Total Number of Plays for Date"}]}
      """#)
    #expect(short == long)
    #expect(short.spec.json.text == long.spec.json.text)
  }

  @Test(arguments: [
    (#"{"output":"b"}"#, "input"), (#"{"input":"a","output":""}"#, "output"),
    (#"{"input":"a","output":"a"}"#, "output"),
    (#"{"input":"a","onBadRow":"collect"}"#, "onBadRow"),
    (#"{"input":"/a","output":"b"}"#, "input"), (#"{"input":"../a","output":"b"}"#, "input"),
    (#"{"input":"a/./b","output":"b"}"#, "input"), ("{\"input\":\"a\",\"output\":\"../\u{301}x\"}", "output"),
    ("{\"input\":\"/\u{301}etc\",\"output\":\"b\"}", "input"),
    ("{\"input\":\"a\",\"output\":\".tally/\u{301}x\"}", "output"), (#"{"input":"a","output":".tally/x"}"#, "output"),
    (#"{"input":"a","output":"b","colour":1}"#, "colour"), (#"{"input":"a","output":"b","groupBy":"x"}"#, "groupBy"),
    (#"{"input":"a","output":"b","groupBy":["x","x"]}"#, "groupBy"),
    (#"{"input":"a","output":"b","groupBy":[],"aggregates":[]}"#, "groupBy"),
    (#"{"input":"a","output":"b","aggregates":[{"function":"sum"}]}"#, "aggregates.0.column"),
    (#"{"input":"a","output":"b","aggregates":[{"function":"harmonicMean","column":"x"}]}"#, "aggregates.0.function"),
    (#"{"input":"a","output":"b","aggregates":[{"function":"count"},{"function":"count"}]}"#, "aggregates"),
    (#"{"input":"a","output":"b","csv":{"delimiter":"ab"}}"#, "csv.delimiter"),
    (#"{"input":"a","output":"b","csv":{"delimiter":"\n"}}"#, "csv.delimiter"),
    (#"{"input":"a","output":"b","csv":{"quote":","}}"#, "csv.quote"),
    (#"{"input":"a","output":"b","memoryBytes":1}"#, "memoryBytes"),
    (#"{"input":"a","output":"b","priority":101}"#, "priority"),
    (#"{"input":"a","output":"b","onBadRow":"drop"}"#, "onBadRow"),
    (#"{"input":"a","output":"b","format":"xml"}"#, "format"),
    (#"{"input":"a","output":"b","startAt":"now"}"#, "startAt"),
    (#"{"input":"a","output":"b","idempotencyKey":""}"#, "idempotencyKey"),
    (#"{"input":"a\u0000","output":"b"}"#, "input"),
  ])
  func whatIsWrongIsNamed(text: String, field: String) {
    let error = #expect(throws: JSONFieldError.self) { try spec(text) }
    #expect(error?.field == field, "\(text)")
  }

  /// A job's text without a format is the same as that with the default's, so that one key fits both.
  @Test func aFormatComesBackAndIsLeftOutWhereItIsTheDefault() throws {
    let plain = try spec(#"{"input":"a","output":"b"}"#)
    #expect(try spec(#"{"input":"a","output":"b","format":"csv"}"#).spec.json.text == plain.spec.json.text)
    let lines = try spec(#"{"input":"a","output":"b","format":"ndjson"}"#)
    #expect(lines.spec.json["format"] == "ndjson")
    #expect(try JobSpec(json: lines.spec.json) == lines.spec)
  }

  @Test func aStatusComesBackAsItWas() throws {
    let status = JobStatus(
      jobID: "j", state: .failed, input: "a", output: "b", createdAt: Timestamp(milliseconds: 1),
      startedAt: Timestamp(milliseconds: 2), finishedAt: Timestamp(milliseconds: 3), epoch: 2, attempts: 1, rescues: 1,
      progress: JobProgress(phase: .writing, bytesRead: 5, bytesTotal: 9, rows: 4, groups: 3, secondsLeft: 1.5),
      published: false, result: JobResult(output: "b", bytes: 1, rows: 2, sha256: "00", url: "/results/j"),
      error: JobFailure(.invalidArgument, reason: "NOT_A_NUMBER", "a:2:3", file: "a", line: 2, column: 3, attempt: 1))
    #expect(try JobStatus(json: JSONValue(parsing: status.json.text)) == status)
    let event = JobEvent(cursor: JobCursor(jobID: "j", epoch: 2, sequence: 7), gap: true, status: status)
    #expect(try JobEvent(json: JSONValue(parsing: event.json.text)) == event)
  }

  /// What a newer server says is kept, and said again as it was; only of a caller it is refused.
  @Test func namesOfANewerServerAreKept() throws {
    var status = JobStatus(
      jobID: "j", state: .other("paused"), input: "a", output: "b", createdAt: Timestamp(milliseconds: 1),
      progress: JobProgress(phase: .other("sorting")))
    let read = try JobStatus(json: JSONValue(parsing: status.json.text))
    #expect(read == status && read.state.rawValue == "paused" && read.progress.phase.rawValue == "sorting")
    #expect(!read.state.isFinal, "whoever waits goes on waiting")
    status.state = .succeeded
    #expect(try JobStatus(json: JSONValue(parsing: status.json.text)).state == .succeeded, "a known name is no other")
    let line = JobLogLine(
      cursor: JobCursor(jobID: "j", epoch: 1, sequence: 1), at: Timestamp(milliseconds: 1), actor: "a",
      action: .other("archived"))
    #expect(try JobLogLine(json: JSONValue(parsing: line.json.text)) == line)
    let column = InputDescription.Column(name: "a", type: .other("date"), empty: 0)
    #expect(try InputDescription.Column(json: JSONValue(parsing: column.json.text)) == column)
    let error = #expect(throws: JSONFieldError.self) {
      try ListParameters(json: ["states": ["queued", "paused"]], limits: .standard)
    }
    #expect(error?.field == "states.1" && error?.rule.contains("queued") == true)
  }

  @Test(arguments: JobState.allCases) func namesAreTheirOwn(state: JobState) {
    #expect(JobState(rawValue: state.rawValue) == state && JobState(rawValue: "other") == nil)
  }

  @Test func cursorsGrowByEpochThenSequence() throws {
    let texts = ["j.1.2", "j.1.10", "j.2.3", "j.10.1"]
    let cursors = texts.compactMap(JobCursor.init)
    #expect(cursors.map(\.description) == texts)
    #expect(cursors == cursors.shuffled().sorted())
    for text in ["", "j", "j.1", ".1.2", "j.-1.2", "j.1.x", "j.1.2.3"] { #expect(JobCursor(text) == nil, "\(text)") }
  }

  @Test(
    arguments: [
      ("2026-01-31T23:59:59.123Z", 1_769_903_999_123), ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999Z", -1),
      ("2000-02-29T12:00:00+02:00", 951_818_400_000), ("2026-01-31t23:59:59.1239z", 1_769_903_999_123),
    ] as [(String, Int64)])
  func timesAreRFC3339(text: String, milliseconds: Int64) throws {
    #expect(Timestamp(text)?.milliseconds == milliseconds)
    let written = Timestamp(milliseconds: milliseconds).description
    #expect(Timestamp(written)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    "", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T00:00:00", "2026-13-01T00:00:00Z",
    "0000-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z",
  ])
  func otherTimesAreRefused(text: String) { #expect(Timestamp(text) == nil) }

  @Test(
    arguments: [
      ("64MiB", 64 << 20), ("2G", 2 << 30), ("1000000", 1_000_000), ("1 kb", 1_000), ("512b", 512), ("", nil),
      ("MiB", nil),
      ("-1", nil), ("1.5G", nil), ("99999999999G", nil),
    ] as [(String, Int?)])
  func sizesAreRead(text: String, bytes: Int?) { #expect(ByteCount.parse(text) == bytes) }

  @Test(arguments: [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (256 << 20, "256.0 MiB"), (3 << 40, "3.0 TiB")])
  func sizesAreWritten(bytes: Int, text: String) { #expect(ByteCount.text(bytes) == text) }
}
