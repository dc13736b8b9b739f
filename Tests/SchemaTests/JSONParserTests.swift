import TallySchema
import TestSupport
import Testing

/// RFC 8259, by table: what it accepts is accepted, what it refuses is refused, at the byte that breaks the rule.
@Suite struct JSONParserTests {
  @Test(
    arguments: [
      ("null", JSONValue.null), (" true ", true), ("\t\r\n false", false), ("0", 0), ("-0", .number("-0")),
      ("1e2", .number("1e2")), ("1.0", .number("1.0")), ("-1.5E-3", .number("-1.5E-3")),
      ("9007199254740993", .number("9007199254740993")), ("\"\"", ""), ("\"é\"", "é"), (#""\u00e9""#, "é"),
      (#""\ud83d\ude00""#, "😀"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), ("[]", []), ("[1,[2]]", [1, [2]]),
      ("{}", [:]), (#"{"a":1,"a":2}"#, .object([JSONMember("a", 1), JSONMember("a", 2)])),
      (#"{"a":{"b":[]}}"#, ["a": ["b": []]]), ("\"\u{7f}\"", "\u{7f}"), (#""\u0000""#, "\0"),
    ] as [(String, JSONValue)])
  func whatIsJSONIsRead(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
  }

  @Test(arguments: [
    ("", 0), (" ", 1), ("nul", 3), ("truE", 3), ("01", 1), ("-", 1), ("1.", 2), ("1e", 2), (".5", 0), ("+1", 0),
    ("0x1", 1), ("NaN", 0), ("'a'", 0), ("\"a", 2), ("\"\u{1}\"", 1), (#""\x""#, 2), (#""\u12g4""#, 5), ("[1,]", 3),
    ("[1 2]", 3), ("[", 1), ("{\"a\"}", 4), ("{a:1}", 1), ("{\"a\":1,}", 7), ("1 2", 2), ("{} x", 3), ("\u{feff}1", 0),
  ])
  func whatIsNoJSONIsRefusedAtItsByte(text: String, offset: Int) {
    let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
    #expect(error?.offset == offset, "\(text)")
  }

  @Test(
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
      [0x22, 0xE2, 0x82, 0x22], [0x22, 0xF0, 0x82, 0x82, 0xAC, 0x22],
    ] as [[UInt8]])
  func invalidUTF8IsRefused(bytes: [UInt8]) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes[...]) }
  }

  @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800x""#])
  func halfASurrogatePairIsSeen(text: String) throws {
    #expect(try JSONValue(parsing: text) == .unpairedSurrogate(text))
  }

  @Test func nestingHasALimitThatIsNamed() throws {
    for limit in [1, 128, Limits.jsonDepthMost] {
      let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
      _ = try JSONValue(parsing: Array(deepest.utf8)[...], depthLimit: limit)
      let error = #expect(throws: JSONSyntaxError.self) {
        try JSONValue(parsing: Array("[\(deepest)]".utf8)[...], depthLimit: limit)
      }
      #expect(error?.rule == "the nesting is deeper than \(limit) (jsonDepth)")
    }
  }

  @Test(arguments: ["1", "-0", "1e2", "1.0", #""a\"b""#, "[1,[2,{}]]", #"{"a":null,"b":[true,false]}"#])
  func writingGivesBackWhatWasRead(text: String) throws {
    #expect(try JSONValue(parsing: text).text == text)
  }

  /// Line splitters of some stream clients break a text on these.
  @Test func unicodeLineEndsAreEscaped() {
    #expect(JSONValue.string("\u{85}\u{2028}\u{2029}\u{1}").text == #""\u0085\u2028\u2029\u0001""#)
  }

  /// Every character up to U+30FF, and some of four bytes: alone, and between others.
  @Test func aStringIsWrittenAsCharacterByCharacter() throws {
    func expected(_ scalar: Unicode.Scalar) -> String {
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\n": "\\n"
      case "\r": "\\r"
      case "\t": "\\t"
      case "\0"..<" ", "\u{7F}"..<"\u{A0}", "\u{2028}", "\u{2029}":
        "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
          + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }
    for value in Array(0..<0x3100) + [0x1_0000, 0x1_F600, 0x10_FFFF] {
      let scalar = try #require(Unicode.Scalar(UInt32(value)))
      #expect(JSONValue.string(String(scalar)).text == "\"\(expected(scalar))\"")
      #expect(JSONValue.string("ä\(scalar)€\(scalar)").text == "\"ä\(expected(scalar))€\(expected(scalar))\"")
    }
  }

  @Test(
    arguments: [
      ("1", 1), ("1.0", 1), ("1e2", 100), ("9223372036854775807", Int64.max), ("1.5", nil), ("1e400", nil),
      ("9223372036854775808", nil), ("-9223372036854775808", Int64.min), ("-9223372036854775809", nil),
      ("-9223372036854775808.0", nil), ("-9.223372036854775808e18", nil),
      ("-9007199254740992.0", -9_007_199_254_740_992), ("\"1\"", nil),
    ] as [(String, Int64?)])
  func anIntegerIsAnIntegerHoweverItIsWritten(text: String, value: Int64?) throws {
    #expect(try JSONValue(parsing: text).integer == value)
  }

  /// Random texts made of JSON's own bytes never crash, and what is accepted is written and read back as the same value.
  @Test func randomTextsAreReadOrRefused() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    let alphabet = Array(#"{}[]",:0123456789eE+-.\utrfalsn "#.utf8) + [0xC3, 0xA9, 0x0A, 0xED]
    var accepted = 0
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      guard let value = try? JSONValue(parsing: bytes[...]) else { continue }
      accepted += 1
      #expect(try JSONValue(parsing: value.text) == value, "seed \(seed): \(bytes)")
    }
    #expect(accepted > 100, "seed \(seed)")
  }
}
