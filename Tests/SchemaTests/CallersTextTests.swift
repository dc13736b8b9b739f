import TallySchema
import TestSupport
import Testing

/// Texts of callers: compared by bytes, cut where they are echoed, and harmless in a line for people.
@Suite struct CallersTextTests {
  @Test(arguments: [
    ("\u{1B}[2J", "\\u001b[2J", "\u{FFFD}[2J"), ("a\nb\r\tc", "a\\nb\\r\\tc", "a\u{FFFD}b\u{FFFD}\u{FFFD}c"),
    ("\u{7F}\u{80}\u{9F}", "\\u007f\\u0080\\u009f", "\u{FFFD}\u{FFFD}\u{FFFD}"),
    ("\u{202E}x\u{2066}", "\\u202ex\\u2066", "\u{FFFD}x\u{FFFD}"), ("\u{2028}", "\\u2028", "\u{FFFD}"),
    ("日本 é 🎵", "日本 é 🎵", "日本 é 🎵"), ("", "", ""),
  ])
  func aTextMovesNothing(text: String, inLogs: String, onTerminals: String) {
    #expect(Printable.escaped(text) == inLogs)
    #expect(Printable.replaced(text) == onTerminals)
    #expect(Printable.replaced(text + "\n", keepsLineEnds: true) == onTerminalsKept(text) + "\n")
  }

  private func onTerminalsKept(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { Printable.replaced(String($0)) }
      .joined(separator: "\n")
  }

  @Test func textsAreEqualByTheirBytes() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed, "Swift's own comparison doesn't tell them apart")
    #expect(!composed.hasSameBytes(as: decomposed) && composed.hasSameBytes(as: "caf\u{E9}"))
    #expect(UTF8Key(composed) != UTF8Key(decomposed))
    #expect([composed].containsBytes(of: composed) && ![composed].containsBytes(of: decomposed))
    #expect(!"e\u{301}x".beginsWithBytes(of: "é"))
    #expect(JSONValue.string(composed) != .string(decomposed))
    let object: JSONValue = ["\u{E9}": 1, "e\u{301}": 2]
    #expect(object["\u{E9}"] == 1 && object["e\u{301}"] == 2)
    #expect(RPCID(composed) != RPCID(decomposed))
  }

  /// Never more than it may have, never half of a character, and what was short stays whole.
  @Test(arguments: [0, 1, 3, 50, 197, 198, 199, 200, 201, 1_000]) func anEchoIsCut(count: Int) {
    for unit in ["a", "é", "日", "😀", "e\u{301}\u{316}"] {
      let text = String(repeating: unit, count: count)
      let cut = Excerpt.of(text)
      #expect(cut.utf8.count <= Excerpt.bytesMost + 3 && !cut.contains("\u{FFFD}"))
      if text.utf8.count <= Excerpt.bytesMost { #expect(cut.hasSameBytes(as: text)) }
    }
    let long = RPCError(.internal, reason: "X", String(repeating: "x", count: count * 100))
    #expect(long.message.utf8.count <= Excerpt.messageBytesMost + 3)
  }

  @Test func aSecretIsNotShown() {
    let secret = Secret("pa55word")
    #expect(!"\(secret)".contains("pa55") && !String(reflecting: secret).contains("pa55"))
    #expect(!"\([secret])".contains("pa55") && secret.text == "pa55word")
    var dumped = ""
    dump(secret, to: &dumped)
    #expect(!dumped.contains("pa55"), "\(dumped)")
  }

  @Test(arguments: ["\u{80}", "\u{85}", "\u{9B}", "\u{9F}", "\u{1B}", "\n", "\u{7F}"])
  func aNameHasNoControlCharacters(character: String) {
    #expect(FileName.problem("a\(character)b.csv") == "must not hold control characters")
    #expect(FileName.problem("a\u{A0}b é.csv") == nil)
  }

  /// The sixtieth second is one that was inserted: at the end of June or December, UTC.
  @Test(arguments: [
    ("2016-12-31T23:59:60Z", true), ("2015-06-30T23:59:60Z", true), ("2017-01-01T00:59:60+01:00", true),
    ("2016-12-31T22:59:60Z", false), ("2016-12-31T23:58:60Z", false), ("2016-11-30T23:59:60Z", false),
    ("2016-12-31T23:59:61Z", false), ("2016-12-31T23:59:59Z", true),
  ])
  func aLeapSecondIsWhereOneCanBe(text: String, isTime: Bool) {
    #expect((Timestamp(text) != nil) == isTime)
  }

  /// What is the same question is the same job: an order that says what holds anyway is none.
  @Test(arguments: [
    ([], true), (["a"], true), (["a", "b"], true), (["b"], false), (["b", "a"], false), (["a", "-b"], false),
    (["-a"], false),
  ])
  func anOrderThatHoldsAnywayIsTheSameJob(order: [String], isDefault: Bool) {
    var spec = JobSpec(input: "i", output: "o", groupBy: ["a", "b"], aggregates: [Aggregate(.count, column: nil)])
    let standard = spec.json
    spec.orderBy = order.map {
      OrderTerm(column: $0.hasPrefix("-") ? String($0.dropFirst()) : $0, descending: $0.hasPrefix("-"))
    }
    #expect((spec.json == standard) == isDefault)
  }

  /// A number of a server's may be anything.
  @Test(arguments: ["-1", "-9223372036854775808", "0"]) func aCountIsNeverNegative(number: String) throws {
    let text =
      #"{"phase":"reading","bytesRead":\#(number),"bytesTotal":\#(number),"rows":\#(number),"groups":\#(number),"#
      + #""bytesSpilled":\#(number),"badRows":\#(number),"rowsPerSecond":\#(number),"secondsLeft":-1e300}"#
    let progress = try JobProgress(json: JSONValue(parsing: text))
    #expect(progress.bytesRead >= 0 && progress.rows >= 0 && progress.badLines >= 0 && progress.rowsPerSecond >= 0)
    #expect((progress.bytesTotal ?? 0) >= 0 && (progress.secondsLeft ?? 0) >= 0)
  }
}
