import Foundation
import StorageLocal
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// The same rows in other forms: encodings, compression, several files, and dialects. The answer is that of the plain form.
@Suite struct InputFormTests {
  private static let text = "key,n\na,1\nb,22\n\"c,é\",3\na,4\n😀,5\n"
  private static let answer = "key,sum(n)\na,5\nb,22\n\"c,é\",3\n😀,5\n"

  private func run(_ bytes: [UInt8], _ change: (inout JobSpec) -> Void = { _ in }) async throws -> String {
    var spec = JobSpec(
      input: "in.csv", output: "o", groupBy: ["key"], aggregates: [Aggregate(.sum, column: "n")], memoryBytes: 64 << 20)
    change(&spec)
    let folder = try TestFolder()
    var answers: Set<String> = []
    for blockBytes in [nil, 1, 7] {
      let (output, _) = try await folder.run(spec, on: bytes, blockBytes: blockBytes)
      answers.insert(String(decoding: output, as: UTF8.self))
    }
    #expect(answers.count == 1)
    return try #require(answers.first)
  }

  enum Form: String, CaseIterable, Sendable {
    case plain, byteOrderMark, utf16LittleEndian, utf16BigEndian, utf16ByMark, gzip, gzipMembers, zstd, zstdFrames
    case utf16Gzip
  }

  @Test(arguments: Form.allCases) func theFormDoesNotMatter(form: Form) async throws {
    let plain = Array(InputFormTests.text.utf8)
    let little = InputFormTests.text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let big = InputFormTests.text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    let (first, second) = (Array(plain[..<20]), Array(plain[20...]))
    let (bytes, encoding): ([UInt8], CSVDialect.Encoding) =
      switch form {
      case .plain: (plain, .utf8)
      case .byteOrderMark: ([0xEF, 0xBB, 0xBF] + plain, .utf8)
      case .utf16LittleEndian: (little, .utf16LittleEndian)
      case .utf16BigEndian: (big, .utf16BigEndian)
      case .utf16ByMark: ([0xFE, 0xFF] + big, .utf8)
      case .gzip: (Compressed.gzip(plain), .utf8)
      case .gzipMembers: (Compressed.gzip(first) + Compressed.gzip(second), .utf8)
      case .zstd: (Compressed.zstd(plain), .utf8)
      case .zstdFrames: (Compressed.zstd(first) + Compressed.zstd(second), .utf8)
      case .utf16Gzip: (Compressed.gzip([0xFF, 0xFE] + little), .utf16)
      }
    #expect(try await run(bytes) { $0.csv.encoding = encoding } == InputFormTests.answer)
  }

  /// Zeros behind a member are padding; a frame that may be skipped is no text.
  @Test(arguments: [1, 300, 600_000]) func paddingIsSkipped(zeros: Int) async throws {
    let text = Array(InputFormTests.text.utf8)
    #expect(try await run(Compressed.gzip(text) + [UInt8](repeating: 0, count: zeros)) == InputFormTests.answer)
    let skippable: [UInt8] = [0x53, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
    #expect(try await run(skippable + Compressed.zstd(text)) == InputFormTests.answer)
  }

  /// Blank lines before the first record are none.
  @Test func blankLinesAtTheBeginningAreSkipped() async throws {
    #expect(try await run(Array("\n\r\n\(InputFormTests.text)".utf8)) == InputFormTests.answer)
    let answer = try await run(Array("\na,1\n".utf8)) {
      $0.csv.header = false
      $0.groupBy = ["1"]
      $0.aggregates = [Aggregate(.sum, column: "2")]
    }
    #expect(answer == "1,sum(2)\na,1\n")
  }

  /// Names are bytes: another spelling of the same character is another column.
  @Test func namesAreBytes() async throws {
    let text = "e\u{301},\u{E9},n\na,b,1\n"
    let answer = try await run(Array(text.utf8)) { $0.groupBy = ["\u{E9}"] }
    #expect(answer == "\u{E9},sum(n)\nb,1\n")
  }

  @Test func latin1IsRead() async throws {
    let answer = try await run(Array("key,n\n".utf8) + [0xE9, 0x2C, 0x31, 0x0A, 0xFF, 0x2C, 0x32]) {
      $0.csv.encoding = .latin1
    }
    #expect(answer == "key,sum(n)\né,1\nÿ,2\n")
  }

  /// Half of a surrogate pair is no text: its row is bad.
  @Test(arguments: [[0x00, 0xD8], [0x00, 0xDC]] as [[UInt8]]) func halfAPairIsABadRow(unit: [UInt8]) async throws {
    let start = "key,n\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let rest = ",1\na,2\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let failure = await #expect(throws: JobFailure.self) {
      try await run(start + unit + rest) { $0.csv.encoding = .utf16 }
    }
    #expect(failure?.reason == "INVALID_UTF8" && failure?.line == 2)
  }

  @Test(arguments: ["gzip", "zstd"], [0.3, 0.9]) func whatIsCutOffFails(format: String, share: Double) async throws {
    let plain = Array(String(repeating: InputFormTests.text, count: 400).utf8)
    let whole = format == "gzip" ? Compressed.gzip(plain) : Compressed.zstd(plain)
    let cut = Array(whole.prefix(Int(Double(whole.count) * share)))
    let failure = await #expect(throws: JobFailure.self) { try await run(cut) }
    #expect(failure?.reason == "INPUT_TRUNCATED", "\(String(describing: failure))")
  }

  @Test(arguments: ["gzip", "zstd"]) func whatIsDamagedFails(format: String) async throws {
    var bytes = Compressed.gzip(Array(InputFormTests.text.utf8))
    for index in 12..<20 { bytes[index] ^= 0xA5 }
    if format == "zstd" { bytes = [0x28, 0xB5, 0x2F, 0xFD, 0xFF, 0xFF] + [UInt8](repeating: 0xFF, count: 40) }
    let damaged = bytes
    let failure = await #expect(throws: JobFailure.self) { try await run(damaged) }
    #expect(failure?.status == .dataLoss || failure?.reason == "MEMORY_BUDGET", "\(String(describing: failure))")
  }

  /// What expands to more than the limit ends there.
  @Test func aBombEndsAtTheLimit() async throws {
    var limits = Limits.standard
    limits.expandedBytes = 10 << 20
    let bytes = Compressed.gzip(Array("key,n\n".utf8) + Array(String(repeating: "a,1\n", count: 4 << 20).utf8))
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["key"], aggregates: [Aggregate(.sum, column: "n")])
    let folder = try TestFolder()
    let failure = await #expect(throws: JobFailure.self) { try await folder.run(spec, on: bytes, limits: limits) }
    #expect(failure?.reason == "INPUT_TOO_LARGE" && failure?.message.contains("expandedBytes") == true)
  }

  @Test func dialectsAreRead() async throws {
    let text = "made by hand\n# a comment, \"'with a quote\nkey;n\n a ; 1.234,5 \n#b;1\n'x\\'y;z';2\n\t'q'\t;-3\n"
    let answer = try await run(Array(text.utf8)) {
      $0.csv.delimiter = UInt8(ascii: ";")
      $0.csv.quote = UInt8(ascii: "'")
      $0.csv.escape = UInt8(ascii: "\\")
      $0.csv.comment = UInt8(ascii: "#")
      $0.csv.skipLines = 1
      $0.csv.trim = true
      $0.csv.decimalMark = UInt8(ascii: ",")
      $0.csv.thousandsMark = UInt8(ascii: ".")
    }
    #expect(answer == "key;sum(n)\n'\\'q\\'';-3\na;1234,5\n'x\\'y;z';2\n")
  }

  @Test(arguments: ["1.23", "1.2345", ".123", "12.34.567", "1..000", "1.000,1.0", "1.000.", "1 000"])
  func marksOfThousandsStandBetweenThreeDigits(number: String) async throws {
    let failure = await #expect(throws: JobFailure.self) {
      try await run(Array("key;n\na;\(number)\n".utf8)) {
        $0.csv.delimiter = UInt8(ascii: ";")
        $0.csv.decimalMark = UInt8(ascii: ",")
        $0.csv.thousandsMark = UInt8(ascii: ".")
      }
    }
    #expect(failure?.reason == "NOT_A_NUMBER", "\(number)")
  }

  @Test func withoutAHeaderColumnsHaveNumbers() async throws {
    let answer = try await run(Array("a,1\nb,2\na,3".utf8)) {
      $0.csv.header = false
      $0.groupBy = ["1"]
      $0.aggregates = [Aggregate(.sum, column: "2")]
    }
    #expect(answer == "1,sum(2)\na,4\nb,2\n")
  }

  @Test func withoutAQuoteNothingIsQuoted() async throws {
    let answer = try await run(Array("key,n\n\"a,1\nb\",2\n".utf8)) { $0.csv.quoteMark = nil }
    #expect(answer == "key,sum(n)\n\"a,1\nb\",2\n")
  }

  /// The byte that stands for "no quote" is a byte like others: it opens nothing, and is no text.
  @Test func withoutAQuoteNoByteOpensAField() async throws {
    let bytes = Array("id,x\n1,".utf8) + [0xFF, 0x0A] + Array("2,".utf8) + [0xFF, 0x0A]
    let answer = try await run(bytes) {
      $0.csv.quoteMark = nil
      $0.groupBy = ["id"]
      $0.aggregates = [Aggregate(.count, column: nil, as: "rows")]
    }
    #expect(answer == "id,rows\n1,1\n2,1\n")
    let failure = await #expect(throws: JobFailure.self) {
      try await run(Array("key,n\n".utf8) + [0xFF, 0x61, 0xFF] + Array(",1\n".utf8)) { $0.csv.quoteMark = nil }
    }
    #expect(failure?.reason == "INVALID_UTF8")
  }

  private func inputs(_ folder: TestFolder, _ files: [(String, [UInt8])]) throws -> [ProcessingPlaces.Input] {
    try files.map { ProcessingPlaces.Input(name: $0.0, open: localInput(try folder.write($0.1, as: $0.0))) }
  }

  @Test func severalFilesAreOneInput() async throws {
    let folder = try TestFolder()
    let inputs = try inputs(
      folder,
      [
        ("0.csv", Array("key,n\na,1\nb,2".utf8)), ("1.csv", Array("key,n\n".utf8)),
        ("2.csv", Compressed.gzip(Array("key,n\r\na,3\r\n".utf8))),
      ])
    let spec = JobSpec(
      input: "*.csv", output: "o", groupBy: ["key"],
      aggregates: [Aggregate(.sum, column: "n"), Aggregate(.last, column: "n"), Aggregate(.first, column: "n")])
    let places = ProcessingPlaces(inputs: inputs, stage: LocalStage(path: folder.path + "/r"), spillFolder: folder.path)
    _ = try await CSVProcessor(spec, places, limits: .standard).run()
    #expect(
      String(decoding: try folder.read("r"), as: UTF8.self) == "key,sum(n),last(n),first(n)\na,4,3,1\nb,2,2,2\n")
  }

  /// Another header, or a bad row: what is wrong is shown with its own file's name and line.
  @Test(arguments: [
    ("n,key\n1,a\n", "HEADERS_DIFFER", 1), ("key,n\na,1\na,x\n", "NOT_A_NUMBER", 3),
  ])
  func whatIsWrongIsInItsOwnFile(second: String, reason: String, line: Int) async throws {
    let folder = try TestFolder()
    let inputs = try inputs(folder, [("a.csv", Array("key,n\na,1\n".utf8)), ("b.csv", Array(second.utf8))])
    let spec = JobSpec(input: "*.csv", output: "o", groupBy: ["key"], aggregates: [Aggregate(.sum, column: "n")])
    let places = ProcessingPlaces(inputs: inputs, stage: LocalStage(path: folder.path + "/r"), spillFolder: folder.path)
    let failure = await #expect(throws: JobFailure.self) {
      _ = try await CSVProcessor(spec, places, limits: .standard).run()
    }
    #expect(failure?.reason == reason && failure?.file == "b.csv" && failure?.line == line)
  }
}
