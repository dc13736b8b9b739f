import TallySchema
import TestSupport
import Testing

@testable import Processor

/// What a file looks like is told with a confidence; what is given isn't guessed.
@Suite struct DescribeTests {
  private func describe(_ bytes: [UInt8], _ dialect: CSVDialect? = nil) throws -> InputDescription {
    let folder = try TestFolder()
    return try InputDescriber.describe(
      localInput(try folder.write(bytes, as: "in.csv")), name: "in.csv", dialect: dialect, limits: .standard)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var text: String
    var delimiter: Character
    var quote: Character = "\""
    var header = true
    var columns: [String]
    var types: [InputDescription.Column.Kind]
    var testDescription: String { text.debugDescription }
  }

  @Test(arguments: [
    Case(text: "a,b\n1,x\n2,y\n", delimiter: ",", columns: ["a", "b"], types: [.number, .text]),
    Case(text: "a;b\n1,5;x\n2,5;y\n", delimiter: ";", columns: ["a", "b"], types: [.text, .text]),
    Case(text: "a\tb\tc\n1\t\t1e400\n", delimiter: "\t", columns: ["a", "b", "c"], types: [.number, .empty, .text]),
    Case(text: "a|b\r\n1|2\r\n3|4\r\n", delimiter: "|", columns: ["a", "b"], types: [.number, .number]),
    Case(
      text: "'a,x';'b'\n'1;2';1e30\n'3';0.1\n", delimiter: ";", quote: "'", columns: ["a,x", "b"],
      types: [.text, .number]),
    Case(
      text: "1,2020-01-01,x\n2,2020-01-02,y\n", delimiter: ",", header: false, columns: ["1", "2", "3"],
      types: [.number, .text, .text]),
    Case(text: "n,d\n1,1e-30\n2,1e300\n", delimiter: ",", columns: ["n", "d"], types: [.number, .double]),
    Case(text: "word\nalpha\nbeta\n", delimiter: ",", columns: ["word"], types: [.text]),
  ])
  func dialectAndTypesAreFound(example: Case) throws {
    let found = try describe(Array(example.text.utf8))
    if example.columns.count > 1 { #expect(found.csv.delimiter == example.delimiter.asciiValue) }
    if example.text.contains("'") { #expect(found.csv.quote == example.quote.asciiValue) }
    #expect(found.csv.header == example.header)
    #expect(found.columns.map(\.name) == example.columns && found.columns.map(\.type) == example.types)
    #expect(found.confidence > 0.5 || example.columns.count == 1)
  }

  @Test func whatIsGivenIsNotGuessed() throws {
    var dialect = CSVDialect()
    dialect.delimiter = UInt8(ascii: ";")
    let found = try describe(Array("a,b;c\n1,2;3\n".utf8), dialect)
    dialect.lineEnd = .lf
    #expect(found.csv == dialect && found.columns.map(\.name) == ["a,b", "c"] && found.confidence == 1)
  }

  /// Two delimiters that fit alike, or rows that don't agree: less confidence.
  @Test func aDoubtfulFileHasLessConfidence() throws {
    #expect(try describe(Array("a,b;c\n1,2;3\n4,5;6\n".utf8)).confidence <= 0.5)
    #expect(try describe(Array("a,b\n1,2\n3\n4,5,6\n7\n".utf8)).confidence < 0.8)
  }

  @Test func latin1AndGzipAreSeen() throws {
    let latin = try describe(Array("name,n\n".utf8) + [0xE9, 0x2C, 0x31, 0x0A])
    #expect(latin.csv.encoding == .latin1 && latin.firstRows == [["é", "1"]])
    let packed = try describe(Compressed.gzip(Array("a;b\n1;2\n".utf8)))
    #expect(packed.compression == "gzip" && packed.csv.delimiter == UInt8(ascii: ";") && packed.rowsSeen == 1)
  }

  /// Places inside the file are looked at as well: a text that begins below row 100,000 is seen.
  @Test func aLaterTypeIsSeen() throws {
    let text = "n,m\n" + String(repeating: "1,22\n", count: 100_000) + String(repeating: "x,22\n", count: 100_000)
    let found = try describe(Array(text.utf8))
    #expect(found.columns.map(\.type) == [.text, .number] && found.confidence == 1)
  }

  @Test func emptyFilesAreErrors() {
    #expect(throws: JobFailure.self) { try describe([]) }
  }
}
