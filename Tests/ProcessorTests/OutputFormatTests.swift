import Foundation
import Storage
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// How answers are written, format by format.
@Suite struct OutputFormatTests {
  private static let aggregates = [
    Aggregate(.sum, column: "n", as: "sum"), Aggregate(.min, column: "t", as: "a \"text\"", type: .text),
    Aggregate(.avg, column: "n", as: "mean"),
  ]

  @Test func ndjsonHasAnObjectForEachRecord() async throws {
    var spec = JobSpec(
      input: "in", output: "out", groupBy: ["k"], aggregates: OutputFormatTests.aggregates, format: .ndjson)
    spec.csv.null = ["-"]
    let input =
      "k,n,t\n,99999999999999999999999999999999999999,x\n\"q\"\"\\\n\u{1}\r\té😀\0\u{7F}\u{85}\u{2028}\",-1.50,-\nz,-,\n"
    let output = try await TestFolder().run(spec, on: Array(input.utf8)).output
    #expect(
      String(decoding: output, as: UTF8.self) == """
        {"k":"","sum":99999999999999999999999999999999999999,"a \\"text\\"":"x","mean":99999999999999999999999999999999999999}
        {"k":"q\\"\\\\\\n\\u0001\\r\\té😀\\u0000\\u007f\\u0085\\u2028","sum":-1.50,"a \\"text\\"":null,"mean":-1.5}
        {"k":"z","sum":null,"a \\"text\\"":"","mean":null}

        """)
    for line in output.split(separator: 0x0A) {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line)) }
    }
  }

  /// Numbers keep their point where the CSV of the same dialect has a comma.
  @Test(arguments: [(JobSpec.Format.csv, "k;s\na;1,5\n"), (.ndjson, "{\"k\":\"a\",\"s\":1.5}\n")])
  func theDecimalMarkIsTheDialects(format: JobSpec.Format, expected: String) async throws {
    var spec = JobSpec(
      input: "in", output: "out", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n", as: "s")], format: format)
    spec.csv.delimiter = UInt8(ascii: ";")
    spec.csv.decimalMark = UInt8(ascii: ",")
    let output = try await TestFolder().run(spec, on: Array("k;n\na;1,2\na;0,3\n".utf8)).output
    #expect(String(decoding: output, as: UTF8.self) == expected)
  }

  @Test(arguments: JobSpec.Format.allCases) func anAnswerWithoutRecordsHasNothingButTheFormatsHeader(
    format: JobSpec.Format
  ) async throws {
    let spec = JobSpec(input: "in", output: "out", groupBy: ["k"], aggregates: [], format: format)
    let (output, outcome) = try await TestFolder().run(spec, on: Array("k\n".utf8))
    #expect(String(decoding: output, as: UTF8.self) == (format == .csv ? "k\n" : ""))
    #expect(outcome.result.rows == 0 && outcome.result.bytes == output.count)
  }

  /// The first rows are the same texts in every format, also of an answer that is cut off.
  @Test(arguments: JobSpec.Format.allCases) func theFirstRowsAreTexts(format: JobSpec.Format) async throws {
    let spec = JobSpec(
      input: "in", output: "out", groupBy: ["k", "l"],
      aggregates: [Aggregate(.sum, column: "n", as: "s"), Aggregate(.count, column: nil, as: "c")],
      csv: {
        var csv = CSVDialect(); csv.null = [""]; return csv
      }(), format: format)
    let lines = (10..<40).map { "\"k,\($0)\",\"\"\"l\"\"\",\($0 == 10 ? "" : "\($0).5")\n" }
    let input = Array(("k,l,n\n" + lines.joined()).utf8)
    let output = try await TestFolder().run(spec, on: input).output
    let expected = [["k", "l", "s", "c"]] + (10..<40).map { ["k,\($0)", "\"l\"", $0 == 10 ? "" : "\($0).5", "1"] }
    func rows(_ bytes: [UInt8], isWhole: Bool, most: Int = 100, columnsMost: Int = 9) -> [[String]] {
      spec.makeFormat().firstRows(of: bytes, isWhole: isWhole, most: most, columnsMost: columnsMost)
    }
    #expect(rows(output, isWhole: true) == expected)
    #expect(rows(output, isWhole: true, most: 3) == Array(expected[..<3]))
    #expect(rows(output.dropLast(5), isWhole: false) == Array(expected.dropLast()))
    #expect(rows(output, isWhole: true, columnsMost: 2).allSatisfy { $0.count <= 2 })
  }
}
