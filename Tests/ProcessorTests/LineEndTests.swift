import Foundation
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// Files whose lines end with CR, LF or CR LF: the same rows, whatever ends them and wherever blocks are cut.
@Suite struct LineEndTests {
  static let rows = ["k,n", "a,1", "\"b,\"\"c\",2", "é,3", "a,4", "", "\"multi{}line\",5"]
  static let answer = "k,sum(n)\na,5\n\"b,\"\"c\",2\n\"multi{}line\",5\né,3\n"

  private static func text(_ end: String, last: Bool = true) -> [UInt8] {
    // An empty line is no row; in a quoted field, the line end is data.
    Array((rows.filter { !$0.isEmpty }.joined(separator: end) + (last ? end : "")).replacing("{}", with: end).utf8)
  }

  private func run(
    _ bytes: [UInt8], blockBytes: Int? = nil, _ change: (inout JobSpec) -> Void = { _ in }
  ) async throws -> String {
    var spec = JobSpec(
      input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")], memoryBytes: 64 << 20)
    change(&spec)
    return String(decoding: try await TestFolder().run(spec, on: bytes, blockBytes: blockBytes).output, as: UTF8.self)
  }

  @Test(arguments: ["\r", "\n", "\r\n"], [true, false]) func theLineEndDoesNotMatter(end: String, last: Bool)
    async throws
  {
    for blockBytes in [nil, 1, 2, 3, 7] as [Int?] {
      let found = try await run(LineEndTests.text(end, last: last), blockBytes: blockBytes)
      #expect(
        Array(found.utf8) == Array(LineEndTests.answer.replacing("{}", with: end).utf8), "blocks of \(blockBytes ?? 0)")
    }
  }

  /// The place of a bad row is the same in every form.
  @Test(arguments: ["\r", "\n", "\r\n"]) func aBadRowHasItsLine(end: String) async throws {
    let bytes = Array(["k,n", "a,1", "b,x", "c,3", ""].joined(separator: end).utf8)
    for blockBytes in [nil, 1, 5] as [Int?] {
      let failure = await #expect(throws: JobFailure.self) { _ = try await run(bytes, blockBytes: blockBytes) }
      #expect(failure?.reason == "NOT_A_NUMBER" && failure?.line == 3 && failure?.column == 3)
    }
  }

  /// A lone CR in a file of LF lines is data; `lineEnd` decides where the file can't.
  @Test func whatIsAskedForHolds() async throws {
    let lf = Array("k,n\na\rb,1\na\rb,2\n".utf8)
    #expect(try await run(lf) == "k,sum(n)\n\"a\rb\",3\n")
    await #expect(throws: JobFailure.self) { try await run(lf) { $0.csv.lineEnd = .cr } }
    // Found by the first line end outside quotes, not by one inside.
    let quoted = Array("\"k\rk\",n\na,1\n".utf8)
    #expect(try await run(quoted) { $0.groupBy = ["k\rk"] } == "\"k\rk\",sum(n)\na,1\n")
  }

  /// A header that ends with a CR that isn't one of the file's line ends says so, and doesn't count zero rows.
  @Test func aFileOfCRIsNeverEmptyInSilence() async throws {
    let bytes = Array("k,n\ra,1\rb,2\r".utf8)
    let failure = await #expect(throws: JobFailure.self) { _ = try await run(bytes) { $0.csv.lineEnd = .lf } }
    #expect(failure?.reason == "LONE_CARRIAGE_RETURN")
    #expect(try await run(bytes) == "k,sum(n)\na,1\nb,2\n")
  }

  /// Random texts of few bytes, against a reading by characters.
  @Test func randomFilesAgreeWithASimpleReading() async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    for _ in 0..<60 {
      var (text, sums) = ("k,n\r", [String: Int]())
      for _ in 0..<Int.random(in: 1...30, using: &random) {
        let key = ["a", "b c", "\r", "x\r\ry", "q\"q", ""].randomElement(using: &random) ?? ""
        let number = Int.random(in: 0...9, using: &random)
        let isQuoted = key.contains("\r") || key.contains("\"") || Bool.random(using: &random)
        text += (isQuoted ? "\"" + key.replacing("\"", with: "\"\"") + "\"" : key) + ",\(number)\r"
        sums[key, default: 0] += number
      }
      for blockBytes in [nil, 1, 4] as [Int?] {
        let found = try await run(Array(text.utf8), blockBytes: blockBytes)
        var total = 0
        for line in found.split(separator: "\n").dropFirst() {
          total += Int(line.split(separator: ",").last ?? "") ?? 0
        }
        #expect(total == sums.values.reduce(0, +), "seed \(seed): \(text.debugDescription)")
      }
    }
  }
}

/// Files of CR lines that have something before their rows.
@Suite struct LineEndBeginningTests {
  @Test(arguments: [
    ("Report\na,1\rb,2\r", 1, false), ("Report,\"draft\ra,1\rb,2\r", 1, false), ("One\r\nTwo\ra,1\rb,2\r", 2, false),
    ("One \"\r\r\"\na,1\rb,2\r", 3, false), ("Report\nk,n\ra,1\rb,2\r", 1, true), ("\u{FEFF}k,n\ra,1\rb,2\r", 0, true),
    ("\u{FEFF}\"k\",n\ra,1\rb,2\r", 0, true), ("\u{FEFF}\"k\",n\r\"a\",1\r\"b\",2\r", 0, true),
  ])
  func whatStandsBeforeTheRowsIsLeftOut(text: String, skipped: Int, header: Bool) async throws {
    for lineEnd in [CSVDialect.LineEnd.auto, .cr] {
      for blockBytes in [nil, 1, 3] as [Int?] {
        var spec = JobSpec(
          input: "in.csv", output: "o", groupBy: [header ? "k" : "1"],
          aggregates: [Aggregate(.sum, column: header ? "n" : "2", as: "s")], memoryBytes: 64 << 20)
        spec.csv.skipLines = skipped
        spec.csv.header = header
        spec.csv.lineEnd = lineEnd
        let found = try await TestFolder().run(spec, on: Array(text.utf8), blockBytes: blockBytes).output
        #expect(String(decoding: found, as: UTF8.self) == "\(header ? "k" : "1"),s\na,1\nb,2\n", "\(lineEnd)")
      }
    }
  }

  /// Only the record that has a stray LF is a bad one.
  @Test(arguments: ["k,n\ra,1\n\"q,2\rb,3\rc,4\r", "k,n\r#x\n\"y\rb,3\rc,4\r"]) func aStrayLFIsAByteOfItsRecord(
    text: String
  ) async throws {
    var spec = JobSpec(
      input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")], onBadRow: .skip,
      memoryBytes: 64 << 20)
    spec.csv.lineEnd = .cr
    spec.csv.comment = UInt8(ascii: "#")
    for blockBytes in [nil, 1, 3] as [Int?] {
      let (output, outcome) = try await TestFolder().run(spec, on: Array(text.utf8), blockBytes: blockBytes)
      #expect(String(decoding: output, as: UTF8.self) == "k,sum(n)\nb,3\nc,4\n")
      #expect(outcome.progress.badRows <= 1)
    }
  }

  /// Skipped lines without an end cost neither memory nor time.
  @Test func aSkippedLineWithoutEndIsLeft() async throws {
    var spec = JobSpec(input: "in.csv", output: "o", groupBy: ["1"], aggregates: [Aggregate(.count, column: nil)])
    spec.csv.skipLines = 1
    spec.csv.header = false
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 20 << 20)
    await #expect(throws: JobFailure.self) { _ = try await TestFolder().run(spec, on: text) }
    let answer = try await TestFolder().run(spec, on: text + Array("\ra\rb\r".utf8)).output
    #expect(String(decoding: answer, as: UTF8.self) == "1,count(*)\na,1\nb,1\n")
  }
}
