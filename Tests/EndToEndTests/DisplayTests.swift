import TallySchema
import Testing

@testable import rpc_client

/// What the commands draw, by pure functions: it fits, whatever the width.
@Suite struct DisplayTests {
  @Test(arguments: [
    ("abc", 3), ("", 0), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("🎵", 2), ("☀\u{FE0F}", 2), ("ﾊ", 1), ("ＡＢ", 4),
    ("한글", 4), ("ﾊﾞ", 2), ("\u{1112}\u{1161}\u{11AB}", 2), ("👩‍👩‍👧", 2),
  ])
  func widthsAreColumns(text: String, width: Int) { #expect(DisplayWidth.of(text) == width) }

  @Test(arguments: [
    ("abcdef", 6, "abcdef"), ("abcdef", 4, "abc…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("ab", 1, "…"), ("ab", 0, ""),
  ])
  func whatDoesNotFitIsCut(text: String, width: Int, expected: String) {
    #expect(DisplayWidth.cut(text, to: width) == expected)
  }

  @Test(arguments: [
    ("a bb ccc", 4, ["a bb", "ccc"]), ("  a b", 3, ["  a", "  b"]), ("abcdefgh", 3, ["abc", "def", "gh"]),
    ("a\nb", 9, ["a", "b"]), ("", 5, [""]), ("xx abcdefg", 4, ["xx", "abcd", "efg"]), ("日本語", 4, ["日本", "語"]),
  ])
  func linesBreakBetweenWords(text: String, width: Int, lines: [String]) {
    #expect(DisplayWidth.wrapped(text, to: width) == lines)
  }

  private let rows = [
    ["01a213bf-3cf8-7670-b3ed-7cde8282bddd", "succeeded", "2026-11-25T17:27:09.816Z", "plays.csv", "日本語の出力.csv"],
    ["01a213bf-3cf8-7670-b3ed-7cde8282bdde", "failed", "2026-11-25T17:27:09.816Z", "a\u{1B}[2Jb\n.csv", "s.csv"],
  ]

  @Test func aTableFitsAnyWidth() {
    let table = TextTable(["JOB", "STATE", "CREATED", "INPUT", "OUTPUT"], rows)
    for width in 8...140 {
      for line in table.lines(width: width) { #expect(DisplayWidth.of(line) <= width, "\(width): \(line)") }
    }
    let whole = table.lines(width: nil)
    #expect(whole[1].hasSuffix("日本語の出力.csv") && whole[2].contains("a\u{FFFD}[2Jb\u{FFFD}.csv"))
    #expect(!whole.joined().contains("\u{1B}"), "no colours where none were asked for")
    #expect(TextTable(["a\u{1B}[31m"], []).lines(width: nil) == ["a\u{FFFD}[31m"], "titles come from files, too")
  }

  @Test func theLeastImportantColumnsGoFirst() {
    var columns = ["JOB", "STATE", "CREATED"].map { TextTable.Column(title: $0, least: 9) }
    (columns[0].rank, columns[1].rank, columns[2].rank) = (0, 1, 2)
    let table = TextTable(columns, rows.map { Array($0.prefix(3)) })
    #expect(table.lines(width: 40)[0].contains("CREATED"))
    #expect(!table.lines(width: 24)[0].contains("CREATED") && table.lines(width: 24)[0].contains("STATE"))
  }

  private func status(_ state: String, total: Int? = 1 << 30, phase: String = "reading") throws -> JobStatus {
    var progress: JSONValue = [
      "phase": .string(phase), "bytesRead": .number(1 << 29), "rows": 12_345_678, "groups": 8_600_000,
      "bytesSpilled": .number(1 << 28), "badRows": 0, "rowsPerSecond": 12_345_678, "secondsLeft": .number("12.3"),
    ]
    if let total, case .object(let members) = progress {
      progress = .object(members + [JSONMember("bytesTotal", .number(total))])
    }
    return try JobStatus(json: [
      "jobId": "j", "state": .string(state), "input": "a.csv", "output": "日本語の出力.csv",
      "createdAt": "2026-01-01T00:00:00.000Z", "epoch": 1, "attempts": 0, "rescues": 0, "progress": progress,
      "published": false,
    ])
  }

  @Test func aDelayedPublicationSaysWhy() throws {
    var status = try status("running", phase: "publishing")
    status.error = JobFailure(.unavailable, reason: "PUBLICATION_DELAYED", "The result is there; the disk is full.")
    let line = ProgressLine(status: status, rowsPerSecond: 0, elapsedSeconds: 75, hasBar: true)
    #expect(line.text(width: nil) == "publishing  1:15  The result is there; the disk is full.")
    #expect(line.text(width: 45).hasPrefix("publishing  The result is there"))
    for width in 1...200 { #expect(DisplayWidth.of(line.text(width: width)) <= width) }
  }

  @Test(arguments: ["reading", "writing"], [true, false]) func progressFitsAnyWidth(phase: String, hasTotal: Bool)
    throws
  {
    for name in [nil, "日本語の出力.csv"] {
      let line = ProgressLine(
        status: try status("running", total: hasTotal ? 1 << 30 : nil, phase: phase), rowsPerSecond: 12_345_678,
        elapsedSeconds: 75, name: name, hasBar: true)
      for width in 1...200 { #expect(DisplayWidth.of(line.text(width: width)) <= width) }
      #expect(line.text(width: 200).contains("[#") == hasTotal, "no bar without a total")
      #expect(line.text(width: 200).contains("12.3 M rows/s") && line.text(width: 200).contains("1:15"))
      if hasTotal { #expect(line.text(width: 60).contains("50.0%")) }
    }
  }

  @Test func whatIsDrawnOverIsRemovedFirst() {
    var lines = LiveLines()
    #expect(lines.draw(["abc"], columns: 80) == "abc", "nothing was there")
    #expect(lines.draw(["de", "f"], columns: 80) == "\r\u{1B}[Jde\nf")
    #expect(lines.draw(["g"], columns: 80) == "\u{1B}[1A\r\u{1B}[Jg")
    _ = lines.draw([String(repeating: "x", count: 79)], columns: 80)
    #expect(
      lines.draw(["h"], columns: 40).hasPrefix("\u{1B}[1A\r"), "the terminal has become narrower: it was broken in two")
    #expect(lines.clear(columns: 40) == "\r\u{1B}[J" && lines.clear(columns: 40).isEmpty)
  }

  @Test func longJSONGetsLineBreaks() throws {
    let value = try JSONValue(parsing: #"{"a":[1,2],"b":{"c":"dddddddddddddddddddd"}}"#)
    #expect(JSONLayout.text(value, width: 200) == value.text)
    let text = JSONLayout.text(value, width: 20)
    #expect(text.hasPrefix("{\n  \"a\": [1,2],\n  \"b\": {\n    \"c\": "))
    #expect(try JSONValue(parsing: text) == value)
  }
}
