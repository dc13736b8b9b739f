import TallySchema
import TestSupport
import Testing

@testable import Processor

/// The same bytes as the reference's, for random files and questions, and for any number of threads, block size and budget.
@Suite struct RandomFileTests {
  private static let filters: [RowFilter] = [
    .compare(column: "k", .less, .text("b")), .compare(column: "k", .atLeast, .text("ab")),
    .prefix(column: "l", "a"), .isNull(column: "n"), .not(.isNull(column: "m")),
    .isIn(column: "k", [.text("a"), .text(""), .text("c")]),
    .or([.compare(column: "k", .equal, .text("a")), .not(.compare(column: "l", .notEqual, .text("b")))]),
    .and([.compare(column: "k", .greater, .text("")), .compare(column: "l", .atMost, .text("c"))]),
    .compare(column: "n", .less, .number("12.5")), .compare(column: "m", .atLeast, .number("1e2")),
    .compare(column: "n", .equal, .number("0")), .not(.compare(column: "n", .greater, .number("-1.50"))),
    .isIn(column: "n", [.number("1234.5"), .number("0.0"), .text("7")]),
    .or([.compare(column: "m", .notEqual, .number("500")), .compare(column: "k", .equal, .number("3"))]),
  ]

  private static func question(_ random: inout SeededRandom, _ file: RandomFile) -> JobSpec {
    let groups = [["k"], ["k", "l"], ["l", "k"], [], ["k", "l", "m"]].randomElement(using: &random) ?? []
    let all = [
      Aggregate(.sum, column: "n"), Aggregate(.count, column: nil), Aggregate(.count, column: "n"),
      Aggregate(.min, column: "n"), Aggregate(.max, column: "m"), Aggregate(.avg, column: "n"),
      Aggregate(.sum, column: "m"), Aggregate(.min, column: "k", as: "least", type: .text),
      Aggregate(.max, column: "l", as: "most", type: .text), Aggregate(.first, column: "n"),
      Aggregate(.last, column: "k"), Aggregate(.countDistinct, column: "l"),
      Aggregate(.countDistinct, column: "n", as: "numbers", type: .number),
      Aggregate(.median, column: "n"), Aggregate(.median, column: "m"), Aggregate(.variance, column: "n"),
      Aggregate(.variancePop, column: "m"), Aggregate(.sum, column: "n", as: "binary", type: .double),
      Aggregate(.min, column: "m", as: "lowest", type: .double),
      Aggregate(.max, column: "n", as: "highest", type: .double),
    ]
    var aggregates = all.shuffled(using: &random).prefix(Int.random(in: 0...4, using: &random))
    if groups.isEmpty, aggregates.isEmpty { aggregates = all[..<2] }
    var spec = JobSpec(
      input: "in", output: "out", groupBy: groups, aggregates: Array(aggregates), csv: file.dialect, onBadRow: .skip)
    if Int.random(in: 0..<3, using: &random) == 0 { spec.filter = filters.randomElement(using: &random) }
    if Int.random(in: 0..<3, using: &random) == 0 {
      spec.orderBy = spec.outputColumns.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random)).map {
        OrderTerm(column: $0, descending: Bool.random(using: &random))
      }
    }
    if Int.random(in: 0..<4, using: &random) == 0 { spec.format = .ndjson }
    if Int.random(in: 0..<4, using: &random) == 0 { spec.limit = Int.random(in: 1...8, using: &random) }
    return spec
  }

  /// The same text as it is, in UTF-16, or compressed.
  private static func form(of bytes: [UInt8], _ random: inout SeededRandom) -> ([UInt8], CSVDialect.Encoding) {
    let text = String(validating: bytes, as: UTF8.self)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return (Compressed.gzip(bytes), .utf8)
    case 1: return (Compressed.zstd(bytes), .utf8)
    case 2:
      guard let text, !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return (bytes, .utf8) }
      return (text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }, .utf16LittleEndian)
    case 3:
      guard let text, !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return (bytes, .utf8) }
      return ([0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }, .utf16)
    default: return (bytes, .utf8)
    }
  }

  /// One way to cut the work.
  struct Cut {
    var threads: Int
    var blockBytes: Int?
    var megabytes: Int
    var grouping: GroupingCut?
  }

  /// Blocks of a byte and more, small budgets, and every way of grouping: dictionaries that hold everything, and some that
  /// are full at once.
  static let cuts = [
    Cut(threads: 1, blockBytes: nil, megabytes: 64, grouping: nil),
    Cut(threads: 2, blockBytes: 1, megabytes: 64, grouping: nil),
    Cut(threads: 2, blockBytes: 64, megabytes: 8, grouping: GroupingCut(partitions: 5, dictionarySlots: nil)),
    Cut(threads: 3, blockBytes: 7, megabytes: 256, grouping: GroupingCut(partitions: 3, dictionarySlots: 256)),
    Cut(threads: 1, blockBytes: nil, megabytes: 64, grouping: GroupingCut(partitions: 9, dictionarySlots: 4)),
    Cut(
      threads: 2, blockBytes: 100, megabytes: 64,
      grouping: GroupingCut(partitions: 4, dictionarySlots: 256, cellLimit: 8)),
  ]

  @Test(arguments: 0..<12) func theAnswerIsTheReferencesForEveryCut(part: Int) async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    let folder = try TestFolder()
    for round in 0..<20 {
      let file = RandomFile(&random)
      var spec = RandomFileTests.question(&random, file)
      let expected = try await onOwnThread { [spec] in try ReferenceAnswer(spec, file.bytes) }
      if spec.groupBy.isEmpty, expected.rows == 0 { continue }
      let where_ = Comment(
        rawValue:
          "seed \(seed), round \(round), \(spec.json.text): \(String(decoding: file.bytes, as: UTF8.self).debugDescription)"
      )
      for cut in RandomFileTests.cuts {
        spec.memoryBytes = cut.megabytes << 20
        let (form, encoding) = RandomFileTests.form(of: file.bytes, &random)
        spec.csv.encoding = encoding
        let (output, outcome) = try await folder.run(
          spec, on: form, threads: cut.threads, blockBytes: cut.blockBytes, grouping: cut.grouping)
        #expect(String(decoding: output, as: UTF8.self) == String(decoding: expected.output, as: UTF8.self), where_)
        #expect(output == expected.output, where_)
        #expect(outcome.progress.badRows == expected.badRows, where_)
      }
    }
  }

  /// The same of ten thousand rows: some keys are frequent, others are there once.
  @Test(arguments: 0..<4) func theAnswerOfManyRowsIsTheReferences(part: Int) async throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    let file = RandomFile(&random, rows: 10_000...10_000)
    var spec = RandomFileTests.question(&random, file)
    spec.maxBadRows = 10_000
    let expected = try await onOwnThread { [spec] in try ReferenceAnswer(spec, file.bytes) }
    for cut in RandomFileTests.cuts where cut.megabytes >= 64 {
      spec.memoryBytes = cut.megabytes << 20
      let (output, outcome) = try await TestFolder().run(
        spec, on: file.bytes, threads: cut.threads, blockBytes: cut.blockBytes.map { $0 * 1_000 },
        grouping: cut.grouping)
      #expect(output == expected.output, "seed \(seed)")
      #expect(outcome.progress.badRows == expected.badRows, "seed \(seed)")
    }
  }

  /// Many more groups than the budget holds: partitions spill, are split again, and come out the same.
  @Test(arguments: [(8, 2), (64, 1)]) func aSmallBudgetSpillsAndChangesNothing(megabytes: Int, threads: Int)
    async throws
  {
    let seed = UInt64.random(in: .min ... .max)
    let random = SeededRandom(seed: seed)
    let prefix = String(repeating: "p", count: 60)
    let bytes = try await onOwnThread { [random] in
      var random = random
      var bytes = Array("k,n\n".utf8)
      for _ in 0..<120_000 {
        bytes += "\(prefix)\(random.next() % 100_000),\(random.next() % 1_000)\n".utf8
      }
      return bytes
    }
    let spec = JobSpec(
      input: "in", output: "out", groupBy: ["k"],
      aggregates: [Aggregate(.sum, column: "n"), Aggregate(.max, column: "n")],
      memoryBytes: megabytes << 20)
    let (output, outcome) = try await TestFolder().run(spec, on: bytes, threads: threads)
    let expected = try await onOwnThread { try ReferenceAnswer(spec, bytes).output }
    #expect(output == expected, "seed \(seed)")
    #expect((outcome.progress.bytesSpilled > 0) == (megabytes == 8))
  }

  /// What a sample must not stumble over: bytes that are no text, columns whose combinations overflow a word, records that
  /// no chunk holds, escapes in coded rows.
  @Test func oddFilesAreSampledAndCoded() async throws {
    let folder = try TestFolder()
    let cut = GroupingCut(partitions: 4, dictionarySlots: 65_536)
    var spec = JobSpec(
      input: "in", output: "out", groupBy: ["k", "l"], aggregates: [Aggregate(.sum, column: "n")], onBadRow: .skip,
      memoryBytes: 64 << 20)
    let rows = Array((0..<60_000).map { "k\($0 % 30),l\($0 % 700),1\n" }.joined().utf8)
    let noText: [UInt8] = [0x61, 0x2C, 0xFF, 0x62, 0x2C, 0x31, 0x0A]
    var odd = Array("k,l,n\n".utf8)
    odd += rows
    odd += noText
    odd += rows
    for grouping in [nil, cut] {
      let (_, outcome) = try await folder.run(spec, on: odd, grouping: grouping)
      #expect(outcome.progress.badRows == 1 && outcome.progress.rows == 120_001)
    }
    let names = (0..<9).map { "c\($0)" }
    var wide = (names + ["n"]).joined(separator: ",") + "\n"
    for row in 0..<40_000 { wide += names.indices.map { "\(row % (90 + $0))," }.joined() + "1\n" }
    spec.groupBy = names
    _ = try await folder.run(spec, on: Array(wide.utf8))
    let values = (0..<1_100).map { "v\($0)" }
    let line = values.map { _ in "7" }.joined(separator: ",")
    var many = (["k"] + values).joined(separator: ",") + "\n"
    for row in 0..<300 { many += "k\(row % 100),\(line)\n" }
    spec.groupBy = ["k"]
    spec.aggregates = values.map { Aggregate(.sum, column: $0) }
    let (output, _) = try await folder.run(spec, on: Array(many.utf8), grouping: cut)
    #expect(output.count { $0 == 0x0A } == 101 && String(decoding: output, as: UTF8.self).contains("k99,21,21"))
    spec.aggregates = [Aggregate(.count, column: nil, as: "rows")]
    spec.csv.escape = 0x5C
    let escaped = Array("k\n\"a\\\\b\"\n\"a\\,b\"\na\n\"a\\\\b\"\n".utf8)
    for grouping in [nil, cut] {
      let (output, _) = try await folder.run(spec, on: escaped, grouping: grouping)
      #expect(String(decoding: output, as: UTF8.self) == "k,rows\na,1\n\"a,b\",1\na\\b,2\n")
    }
  }

  /// Of two bad rows in coded ones, the first is reported.
  @Test func theFirstBadRowDecidesAlsoWhereRowsWait() async throws {
    let bytes = Array("k,n\na,1\n".utf8) + [0xFF, 0x2C, 0x31, 0x0A] + Array("a,x\n".utf8)
    let spec = JobSpec(input: "in", output: "o", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")])
    let folder = try TestFolder()
    for grouping in [nil, GroupingCut(partitions: 2, dictionarySlots: 256)] {
      let failure = await #expect(throws: JobFailure.self) { try await folder.run(spec, on: bytes, grouping: grouping) }
      #expect(failure?.line == 3 && failure?.reason == "INVALID_UTF8")
    }
  }

  /// A key with most of the rows and texts, which no table holds, is alone in the end.
  @Test func aFrequentKeyWithTextsFitsInASmallBudget() async throws {
    var bytes = Array("k,t\n".utf8)
    for row in 0..<150_000 {
      bytes += (row % 3 == 0 ? "user-\(row),x\n" : "anonymous-with-a-long-name,text \(row)\n").utf8
    }
    let spec = JobSpec(
      input: "in", output: "o", groupBy: ["k"], aggregates: [Aggregate(.last, column: "t")], memoryBytes: 12 << 20)
    let (output, _) = try await TestFolder().run(spec, on: bytes, threads: 1)
    #expect(
      String(decoding: output.prefix(60), as: UTF8.self).hasPrefix(
        "k,last(t)\nanonymous-with-a-long-name,text 149999\n"))
    #expect(output.count { $0 == 0x0A } == 50_002)
  }

  /// One key with all the rows can't be split by any key: it is merged instead.
  @Test func oneKeyWithAllTheRowsFitsInASmallBudget() async throws {
    var bytes = Array("k,n\n".utf8)
    for index in 0..<60_000 { bytes += "same,\(index)\n".utf8 }
    let spec = JobSpec(
      input: "in", output: "out", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")], memoryBytes: 8 << 20)
    let (output, _) = try await TestFolder().run(spec, on: bytes)
    #expect(String(decoding: output, as: UTF8.self) == "k,sum(n)\nsame,1799970000\n")
  }

  /// Rows that grow from one to the next: whatever was made for a shorter one must not be taken for a longer.
  @Test func rowsOfGrowingLengthsKeepWithinTheirBuffers() async throws {
    var bytes = Array("k,l,n\n".utf8)
    for length in [8_185, 16_000, 20_000, 21_000, 40_000, 40_001, 90_000] {
      for quoted in [true, false] {
        let text = String(repeating: "x", count: length - 8)
        bytes += (quoted ? "\"\(text)\"\"\",\(length),1\n" : "\(text),\(length),1\n").utf8
        bytes += String(repeating: "\0", count: length / 2).utf8 + Array(",\(length),2\n".utf8)
      }
      for group in 0..<3_000 { bytes += "short-\(length)-\(group),g,3\n".utf8 }
    }
    let spec = JobSpec(
      input: "in", output: "out", groupBy: ["k", "l"], aggregates: [Aggregate(.sum, column: "n")], memoryBytes: 64 << 20
    )
    let (output, _) = try await TestFolder().run(spec, on: bytes, threads: 1)
    let expected = try await onOwnThread { [bytes] in try ReferenceAnswer(spec, bytes).output }
    #expect(output == expected)
  }

  /// Equal keys that no table holds are merged, not copied over and over.
  @Test func manyRowsOfOneHugeKeyBecomeOneGroup() async throws {
    let key = String(repeating: "k", count: 700_000)
    let bytes = Array("k,n\n".utf8) + Array(String(repeating: key + ",1\n", count: 40).utf8)
    let spec = JobSpec(
      input: "in", output: "out", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")], memoryBytes: 32 << 20)
    let (output, outcome) = try await TestFolder().run(spec, on: bytes, threads: 1)
    #expect(String(decoding: output, as: UTF8.self) == "k,sum(n)\n\(key),40\n")
    #expect(outcome.progress.bytesSpilled < 3 * bytes.count)
  }

  /// The budget is for what a job uses, not for what lies between it.
  @Test func longFieldsThatNobodyUsesNeedNoMemory() async throws {
    let filler = String(repeating: "f", count: 900_000)
    var bytes = Array("k,f,g,h,n\n".utf8)
    for row in 0..<6 { bytes += "key-\(row % 2),\(filler),\(filler),\(filler),\(row)\n".utf8 }
    let spec = JobSpec(
      input: "in", output: "out", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")], memoryBytes: 20 << 20)
    let (output, _) = try await TestFolder().run(spec, on: bytes, threads: 1)
    #expect(String(decoding: output, as: UTF8.self) == "k,sum(n)\nkey-0,6\nkey-1,9\n")
  }
}
