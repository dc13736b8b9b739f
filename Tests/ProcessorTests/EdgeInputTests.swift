import Foundation
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// Numbers at their limits, quotes that swallow, headers that differ in what can't be seen, and files that are no CSV.
@Suite struct EdgeInputTests {
  private func run(
    _ text: String, _ change: (inout JobSpec) -> Void = { _ in }
  ) async throws -> (output: String, outcome: RunOutcome) {
    var spec = JobSpec(
      input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")], memoryBytes: 64 << 20)
    change(&spec)
    let (output, outcome) = try await TestFolder().run(spec, on: Array(text.utf8))
    return (String(decoding: output, as: UTF8.self), outcome)
  }

  private func failure(_ text: String, _ change: (inout JobSpec) -> Void = { _ in }) async throws -> JobFailure {
    try #require(await #expect(throws: JobFailure.self) { _ = try await run(text, change) })
  }

  @Test(arguments: [
    ([".5", "5.", "+10."], "15.5"), (["0.0000000000000000000000000001", "1"], "1.0000000000000000000000000001"),
    (["99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", "7"], "7"),
    (
      ["9999999999.9999999999999999999999999999", "0.0000000000000000000000000001"],
      "10000000000.0000000000000000000000000000"
    ),
    (["-.25", "+.25"], "0.00"), (["1e2", "1.5e1", "1E-3"], "115.001"),
  ])
  func numbersAreSummedExactly(numbers: [String], sum: String) async throws {
    let found = try await run("k,n\n" + numbers.map { "a,\($0)\n" }.joined())
    #expect(found.output == "k,sum(n)\na,\(sum)\n")
  }

  /// Every scale with every other: powers of ten beyond 10^19 are no trap.
  @Test func scalesOfAllSizesMeet() async throws {
    for first in [0, 1, 9, 18, 19, 20, 27, 28] {
      for second in [0, 10, 19, 28] {
        let small = { (scale: Int) in scale == 0 ? "1" : "0." + String(repeating: "0", count: scale - 1) + "1" }
        let found = try await run("k,n\na,\(small(first))\na,\(small(second))\na,-\(small(second))\n") {
          $0.aggregates.append(Aggregate(.avg, column: "n"))
        }
        #expect(found.output.hasPrefix("k,sum(n),avg(n)\na,"), "\(first), \(second): \(found.output)")
      }
    }
  }

  /// A sum has twice the digits of a number; beyond them it is an error, never a wrong sum.
  @Test func aSumOutgrowsItsNumbers() async throws {
    let most = String(repeating: "9", count: 38)
    let found = try await run("k,n\n" + String(repeating: "a,\(most)\n", count: 3))
    #expect(found.output == "k,sum(n)\na,2\(String(repeating: "9", count: 37))7\n")
  }

  @Test(arguments: [
    ("1e", "NOT_A_NUMBER"), (".", "NOT_A_NUMBER"), ("+", "NOT_A_NUMBER"), ("1.2.3", "NOT_A_NUMBER"),
    ("--1", "NOT_A_NUMBER"),
    ("NaN", "NOT_A_NUMBER"), ("1.00000000000000000000000000001", "NOT_A_NUMBER"),
  ])
  func aNumberSaysWhichRuleItBreaks(text: String, reason: String) async throws {
    let error = try await failure("k,n\na,\(text)\n")
    #expect(error.reason == reason && error.line == 2 && error.column == 3)
    // What to do comes first that keeps the row.
    let skip = error.message.firstRange(of: "skip").map(\.lowerBound) ?? error.message.endIndex
    #expect(error.message.firstRange(of: "double").map { $0.lowerBound < skip } ?? true, "\(error.message)")
    let skipped = try await failure("k,n\n" + String(repeating: "a,\(text)\n", count: 3)) {
      ($0.onBadRow, $0.maxBadRows) = (.skip, 2)
    }
    #expect(!skipped.message.contains("use onBadRow"), "it was used: \(skipped.message)")
    #expect(error.message.contains("use onBadRow"), "\(error.message)")
  }

  /// What the output is written with, its own `csv` reads again.
  @Test(arguments: [",", "."], [nil, "\\"]) func theOutputIsReadAgain(mark: String, escape: String?) async throws {
    var dialect = CSVDialect()
    dialect.delimiter = UInt8(ascii: ";")
    dialect.decimalMark = mark.utf8.first ?? 0
    dialect.escape = escape?.utf8.first
    let text = "k;n\na\u{301};1\(mark)250\n\"b;c\";2\(mark)5\n#d;3\n"
    let once = try await run(text) { $0.csv = dialect }
    let twice = try await run(once.output.replacing("sum(n)", with: "n")) { $0.csv = dialect }
    #expect(Array(once.output.utf8) == Array(twice.output.utf8))
    #expect(once.output.contains("1\(mark)250"))
  }

  /// A stray quote is blamed where it stands, and can't leave out a file as one row.
  @Test(arguments: ["d\"x,5\n", "d\"\n", "d\",5,6\n", "d,7\n"]) func aStrayQuoteIsBlamedWhereItOpens(end: String)
    async throws
  {
    let text = "k,n\na,1\n\"b,2\n" + String(repeating: "c,3\n", count: 2_000) + end
    let error = try await failure(text)
    #expect(error.line == 3 && error.column == 1 && error.message.contains(" lines"), "\(error.message)")
    let skipped = try await failure(text) { ($0.onBadRow, $0.maxBadRows) = (.skip, 1_000) }
    #expect(skipped.line == 3, "\(skipped.message)")
    guard !end.hasPrefix("d,") else { return }
    let enough = try await run(text + "e,5\n") { ($0.onBadRow, $0.maxBadRows) = (.skip, 5_000) }
    #expect(enough.outcome.progress.badRows == 1 && enough.outcome.progress.badLines == 2_002)
    #expect(enough.output == "k,sum(n)\na,1\ne,5\n")
  }

  /// What is wrong behind a field of several lines stands where it stands; the message tells of the lines.
  @Test func anErrorBehindSeveralLinesTellsOfThem() async throws {
    let error = try await failure("k,n\n\"a\nb\nc\",x\n")
    #expect(error.reason == "NOT_A_NUMBER" && error.line == 4 && error.message.contains("3 lines"), "\(error.message)")
  }

  @Test(arguments: [
    ("cafe\u{301}", "caf\u{E9}", "65 CC 81"), ("a\u{A0}b", "a b", "C2 A0"), ("Song ", "Song", "'Song '"),
    ("Date", "date", "date"),
  ])
  func aColumnThatLooksAlikeIsShown(header: String, asked: String, hint: String) async throws {
    let error = try await failure("\(header),n\na,1\n") { $0.groupBy = [asked] }
    #expect(error.reason == "COLUMN_NOT_FOUND" && error.message.contains(hint), "\(error.message)")
  }

  @Test func aDelimiterIsGuessed() async throws {
    let error = try await failure("Song;n\na;1\n") { $0.groupBy = ["Song"] }
    #expect(error.reason == "COLUMN_NOT_FOUND" && error.message.contains("';'"), "\(error.message)")
  }

  @Test(
    arguments: [
      ([0x50, 0x4B, 0x03, 0x04], "zip"), ([0x42, 0x5A, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59], "bzip2"),
      ([0x50, 0x41, 0x52, 0x31], "Parquet"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz"),
    ] as [([UInt8], String)])
  func anotherFormatIsNamed(head: [UInt8], format: String) async throws {
    let folder = try TestFolder()
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.count, column: nil)])
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await folder.run(spec, on: head + [UInt8](repeating: 1, count: 100))
    }
    #expect(
      failure?.reason == "INPUT_NOT_CSV" && failure?.message.localizedCaseInsensitiveContains(format) == true,
      "\(failure?.message ?? "")")
  }

  @Test func gzipInGzipIsNamed() async throws {
    let folder = try TestFolder()
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.count, column: nil)])
    let twice = Compressed.gzip(Compressed.gzip(Array("k\na\n".utf8)))
    let failure = await #expect(throws: JobFailure.self) { _ = try await folder.run(spec, on: twice) }
    #expect(failure?.reason == "INPUT_NOT_CSV" && failure?.message.contains("gzip") == true)
  }

  @Test func linesThatAreSkippedPastTheEndAreSaid() async throws {
    let error = try await failure("k,n\na,1\n") { $0.csv.skipLines = 10 }
    #expect(error.message.contains("skipLines") || error.message.contains("2 lines"), "\(error.message)")
  }

  /// Hundreds of texts in a condition are one look.
  @Test func aSetHasItsTextsAndNoOthers() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    func word() -> [UInt8] {
      (0..<Int.random(in: 0...6, using: &random)).map { _ in UInt8.random(in: 97...99, using: &random) }
    }
    let texts = (0..<200).map { _ in word() }
    let set = TextSet(texts)
    let simple = Set(texts)
    for _ in 0..<2_000 {
      let text = word()
      #expect(text.withUnsafeBytes { set.contains($0) } == simple.contains(text), "seed \(seed): \(text)")
    }
  }
}

/// How much memory a Zstandard frame needs (RFC 8878, section 3.1.1.1).
@Suite struct ZstdWindowTests {
  private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

  @Test(
    arguments: [
      ([0x00, 0x00], 1 << 10), ([0x00, 0xA0], 1 << 30), ([0x00, 0xA7], (1 << 30) + 7 * (1 << 27)), ([0x20, 0x05], 5),
      ([0x60, 0x00, 0x01], 512), ([0xA0, 0x00, 0x00, 0x00, 0x40], 1 << 30), ([0x61, 0x09, 0x00, 0x00], 256),
      ([0xE0, 0, 0, 0, 0, 0, 0, 0, 0x80], Int.max), ([0xE0, 0], nil), ([0x00], nil),
    ] as [([UInt8], Int?)])
  func theWindowIsReadFromTheHead(head: [UInt8], bytes: Int?) {
    #expect(ZstdFrame.windowBytes(ZstdWindowTests.magic + head) == bytes)
    #expect(ZstdFrame.windowBytes([0x50, 0x2A, 0x4D, 0x18] + head) == nil)
  }

  @Test func aWindowThatIsTooLargeSaysHowMuchMemoryItNeeds() async throws {
    // A frame of one raw block of nothing, with a window of 1 GiB.
    let file = Compressed.zstd(Array("k\n".utf8)) + ZstdWindowTests.magic + [0x00, 0xA0, 0x01, 0x00, 0x00]
    let spec = JobSpec(
      input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.count, column: nil)], memoryBytes: 64 << 20)
    let failure = await #expect(throws: JobFailure.self) { _ = try await TestFolder().run(spec, on: file) }
    #expect(failure?.reason == "MEMORY_BUDGET" && failure?.message.contains("1.0 GiB") == true)
    #expect(failure?.message.contains("memoryBytes of \(8 << 30)") == true, "\(failure?.message ?? "")")
  }
}
