import Foundation
import StorageLocal
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// Bad input is an error with file, line, column and rule, and nothing is left of the result.
@Suite struct BadInputTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var input: [UInt8]
    var reason: String
    var line: Int?
    var column: Int?
    var groupBy = ["k"]
    var testDescription: String { "\(reason) in \(String(decoding: input.prefix(60), as: UTF8.self).debugDescription)" }

    init(_ input: String, _ reason: String, _ line: Int?, _ column: Int?, groupBy: [String] = ["k"]) {
      self.init(Array(input.utf8), reason, line, column, groupBy: groupBy)
    }

    init(_ input: [UInt8], _ reason: String, _ line: Int?, _ column: Int?, groupBy: [String] = ["k"]) {
      self.input = input
      self.reason = reason
      self.line = line
      self.column = column
      self.groupBy = groupBy
    }
  }

  static let examples = [
    Example("", "NO_HEADER", 1, 1),
    Example("\u{feff}", "NO_HEADER", 1, 1),
    Example("k,x\na,1\n", "COLUMN_NOT_FOUND", 1, nil),
    Example("K,n\na,1\n", "COLUMN_NOT_FOUND", 1, nil),
    Example("k,n,n\na,1,2\n", "COLUMN_AMBIGUOUS", 1, nil),
    Example("k,n\na,1\nb,x\n", "NOT_A_NUMBER", 3, 3),
    Example("k,n\na,0x1\n", "NOT_A_NUMBER", 2, 3),
    Example("k,n\na,1_0\n", "NOT_A_NUMBER", 2, 3),
    Example("k,n\na,\"1,000\"\n", "NOT_A_NUMBER", 2, 3),
    Example("k,n\na,.\n", "NOT_A_NUMBER", 2, 3),
    Example("k,n\na,.e1\n", "NOT_A_NUMBER", 2, 3),
    Example("k,n\na,\t1\n", "NOT_A_NUMBER", 2, 3),
    Example("k,n\na,123456789012345678901234567890123456789\n", "NOT_A_NUMBER", 2, 3),
    Example("k,n\na,1.12345678901234567890123456789\n", "NOT_A_NUMBER", 2, 3),
    Example("k,n\na,\n", "EMPTY_NUMBER", 2, 3),
    Example("k,n\na,1\na,1,2\n", "RAGGED_ROW", 3, 1),
    Example("k,n\na,1\na\n", "RAGGED_ROW", 3, 1),
    Example("k,n\r\n\"a\r\n\",1\r\nb,x\r\n", "NOT_A_NUMBER", 4, 3),
    Example("k,n\na,1\n\"b,2\nc,3\n", "UNCLOSED_QUOTE", 3, 1),
    Example("k,n\n\"a\"b,1\n", "TEXT_AFTER_QUOTE", 2, 4),
    Example(Array("k,n\na".utf8) + [0xFF] + Array(",1\n".utf8), "INVALID_UTF8", 2, 1),
    Example("k,n\n" + String(repeating: "a,1\n", count: 50_000) + "é,b,1\na,x\n", "RAGGED_ROW", 50_002, 1),
  ]

  @Test(arguments: examples) func badInputSaysWhereAndWhy(example: Example) async throws {
    let spec = JobSpec(
      input: "in.csv", output: "out.csv", groupBy: example.groupBy, aggregates: [Aggregate(.sum, column: "n")])
    for blockBytes in [nil, 64] as [Int?] {
      let folder = try TestFolder()
      let failure = try await #require(throws: JobFailure.self) {
        try await folder.run(spec, on: example.input, threads: 2, blockBytes: blockBytes)
      }
      #expect(failure.reason == example.reason)
      #expect(failure.line == example.line)
      #expect(failure.column == example.column)
      #expect(folder.names == ["input.csv"], "nothing half-written")
      if let line = example.line { #expect(failure.message.hasPrefix("in.csv:\(line)") || line == 1) }
    }
  }

  @Test func theFirstBadRowInTheFileIsTheOneThatIsTold() async throws {
    var text = "k,n\n"
    for row in 0..<20_000 { text += row % 5_000 == 4_999 ? "a,bad\n" : "a,1\n" }
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")])
    for _ in 0..<5 {
      let failure = try await #require(throws: JobFailure.self) {
        try await TestFolder().run(spec, on: Array(text.utf8), threads: 4, blockBytes: 1_000)
      }
      #expect(failure.line == 5_001)
    }
  }

  @Test func skippedRowsAreCountedAndHaveALimit() async throws {
    let text = "k,n\na,1\nb\nc,x\nd,4\n"
    var spec = JobSpec(
      input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")], onBadRow: .skip,
      maxBadRows: 2)
    let (output, outcome) = try await TestFolder().run(spec, on: Array(text.utf8))
    #expect(String(decoding: output, as: UTF8.self) == "k,sum(n)\na,1\nd,4\n")
    #expect(outcome.progress.badRows == 2)
    spec.maxBadRows = 1
    let failure = try await #require(throws: JobFailure.self) { try await TestFolder().run(spec, on: Array(text.utf8)) }
    #expect(failure.reason == "TOO_MANY_BAD_ROWS" && failure.message.contains("maxBadRows") && failure.line == 3)
  }

  @Test func limitsAreNamed() async throws {
    var limits = Limits()
    limits.fieldBytes = 100
    limits.recordBytes = 1_000
    limits.columns = 3
    let long = String(repeating: "x", count: 200)
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [])
    for (text, reason, name) in [
      ("k,n\n\(long),1\n", "FIELD_TOO_LONG", "fieldBytes"),
      ("k,n\na,\"\(String(repeating: long, count: 20))\n", "RECORD_TOO_LONG", "recordBytes"),
      ("k,a,b,c\n", "TOO_MANY_COLUMNS", "columns"),
    ] {
      let failure = try await #require(throws: JobFailure.self) {
        try await TestFolder().run(spec, on: Array(text.utf8), blockBytes: 500, limits: limits)
      }
      #expect(failure.reason == reason && failure.message.contains(name), "\(failure)")
    }
  }

  @Test func whatIsNoFileIsRefused() async throws {
    let folder = try TestFolder()
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [])
    for (path, reason) in [("/nowhere", "INPUT_NOT_FOUND"), ("", "INPUT_NOT_A_FILE")] {
      let places = ProcessingPlaces(
        input: localInput(folder.path + path), stage: LocalStage(path: folder.path + "/r"), spillFolder: folder.path)
      let failure = try await #require(throws: JobFailure.self) {
        try await CSVProcessor(spec, places, limits: .standard).run()
      }
      #expect(failure.reason == reason)
    }
    #expect(folder.names == [])
  }

  enum Change: String, CaseIterable, Sendable { case grows, shrinks, isWrittenInPlace }

  /// The file changes after it was opened and before it is read to its end, whenever that is.
  @Test(arguments: Change.allCases) func aFileThatChangesWhileItIsReadFailsTheJob(change: Change) throws {
    let folder = try TestFolder()
    let path = try folder.write(Array(String(repeating: "a,1\n", count: 10_000).utf8), as: "in.csv")
    let file = try InputFile(localInput(path), name: "in.csv")
    let text = try InputText(plain: file)
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    switch change {
    case .grows:
      try handle.seekToEnd()
      try handle.write(contentsOf: Data("b,2\n".utf8))
    case .shrinks: try handle.truncate(atOffset: 20_000)
    case .isWrittenInPlace:
      try handle.write(contentsOf: Data("b".utf8))
      // The clock of a file system may stand still for some milliseconds.
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: 10)], ofItemAtPath: path)
    }
    let reader = BlockReader(
      dialect: CSVDialect(), blockBytes: 4_096, limits: .standard,
      pool: BlockPool(blockBytes: 4_096, budget: MemoryBudget(limitBytes: 64 << 20)),
      queue: BlockQueue(limitBytes: 64 << 20), counters: ProgressCounters())
    let failure = #expect(throws: JobFailure.self) {
      var ordinal = 0
      _ = try reader.run(text, from: 0, line: 1, ordinal: &ordinal)
      try file.checkUnchanged()
    }
    #expect(failure?.reason == "INPUT_CHANGED" && failure?.status == .aborted)
  }

  #if os(Linux)
    /// Root may read everything: so a thread takes another user's rights to files, and only that thread.
    @Test(.enabled(if: geteuid() == 0, "only root may take another user's rights"))
    func aFileWithoutPermissionIsRefused() async throws {
      let folder = try TestFolder()
      let path = try folder.write([0x6B], as: "in.csv")
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      // Glibc's module doesn't declare it.
      let symbol = try #require(dlsym(nil, "setfsuid"))
      let failure: JobFailure? = await withCheckedContinuation { continuation in
        let setFileUser = unsafeBitCast(symbol, to: (@convention(c) (UInt32) -> Int32).self)
        Thread.detachNewThread {
          _ = setFileUser(65_534)
          do throws(JobFailure) {
            _ = try InputFile(localInput(path), name: "in.csv")
            continuation.resume(returning: nil)
          } catch {
            continuation.resume(returning: error)
          }
        }
      }
      #expect(failure?.reason == "INPUT_NOT_READABLE" && failure?.status == .permissionDenied)
    }
  #endif
}
