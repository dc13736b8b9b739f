import Foundation
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// `countDistinct` beside long group keys: exact for every distribution of groups, and with a spill file that doesn't
/// repeat the key for each value.
@Suite struct DistinctValueTests {
  /// How often groups repeat decides where their values go.
  struct Shape: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// The group of a row; the same for the same number.
    var group: @Sendable (_ row: Int, _ random: inout SeededRandom) -> Int
    var rows: Int
    /// A compressed file is sampled at its beginning only.
    var isCompressed = false
    /// Groups that the sample has are numbers in the records, which then fit in a small budget.
    var spills = true
  }

  static let shapes = [
    Shape(testDescription: "a row for each group", group: { row, _ in row }, rows: 70_000),
    Shape(testDescription: "few groups", group: { Int($1.next() % 5) + 0 * $0 }, rows: 70_000, spills: false),
    Shape(testDescription: "many groups", group: { Int($1.next() % 9_000) + 0 * $0 }, rows: 70_000),
    Shape(
      testDescription: "one group has most rows, and the sample doesn't have it",
      group: { row, _ in row < 5_000 ? row : -1 }, rows: 70_000, isCompressed: true),
    Shape(
      testDescription: "a few groups have most rows, and the sample doesn't have them",
      group: { row, random in row < 5_000 ? row : -1 - Int(random.next() % 40) }, rows: 70_000, isCompressed: true),
  ]

  private static let spec = JobSpec(
    input: "in", output: "out", groupBy: ["key"],
    aggregates: ["a", "b", "c", "d"].map { Aggregate(.countDistinct, column: $0, as: $0) } + [
      Aggregate(.countDistinct, column: "n", as: "n", type: .number),
      Aggregate(.countDistinct, column: "b", as: "again"),
    ])

  /// A file, and its answer.
  private static func file(_ shape: Shape, _ random: SeededRandom) -> (bytes: [UInt8], answer: String) {
    var random = random
    var bytes = Array("key,a,b,c,d,n\n".utf8)
    var groups: [Int: [Set<UInt64>]] = [:]
    for row in 0..<shape.rows {
      let group = shape.group(row, &random)
      let (few, number) = (random.next() % 7, Int(random.next() % 6))
      let values = [random.next() % 1_000_000_007, few, random.next() % 500, UInt64(row)]
      bytes += "\(key)\(group),\(values[0]),\(few == 0 ? "" : "\(few)"),x\(values[2]),\(row),".utf8
      bytes += "\(["1", "1.0", "01", "2", "-3.50", "-3.5"][number])\n".utf8
      var known = groups[group] ?? [Set<UInt64>](repeating: [], count: 5)
      for (column, value) in values.enumerated() where column != 1 || few > 0 { known[column].insert(value) }
      known[4].insert([1, 1, 1, 2, 3, 3][number])
      groups[group] = known
    }
    let lines = groups.map { group, known in
      let counts = known.map { String($0.count) }
      return "\(key)\(group),\(counts.joined(separator: ",")),\(counts[1])\n"
    }
    return (
      bytes, "key,a,b,c,d,n,again\n" + lines.sorted { Array($0.utf8).lexicographicallyPrecedes($1.utf8) }.joined()
    )
  }

  private static let key = String(repeating: "a long key ", count: 25)

  /// Keys of all lengths around those at which records have another form, in as many rows, and one that no table holds.
  @Test func keysOfEveryLengthAreCounted() async throws {
    let lengths = [0, 1, 15, 16, 17, 4_000, 40_959, 40_960, 40_961, 300_000, 700_000]
    var (bytes, answer) = (Array("k,v,w\n".utf8), [(String, String)]())
    for length in lengths {
      let key = String(repeating: "k", count: length)
      for row in 0..<12 { bytes += "\(key),\(row % 7),\(row % 5)\n".utf8 }
      answer.append((key, "\(key),7,5\n"))
    }
    for megabytes in [32, 256] {
      let spec = JobSpec(
        input: "in", output: "out", groupBy: ["k"],
        aggregates: [Aggregate(.countDistinct, column: "v", as: "v"), Aggregate(.countDistinct, column: "w", as: "w")],
        memoryBytes: megabytes << 20)
      let (output, outcome) = try await TestFolder().run(spec, on: bytes, threads: 1)
      #expect(output == Array(("k,v,w\n" + answer.map(\.1).joined()).utf8))
      #expect(outcome.progress.bytesSpilled < 8 * bytes.count)
    }
  }

  @Test(arguments: shapes) func eachValueIsCountedOnce(_ shape: Shape) async throws {
    let seed = UInt64.random(in: .min ... .max)
    let (bytes, answer) = try await onOwnThread { DistinctValueTests.file(shape, SeededRandom(seed: seed)) }
    let input = shape.isCompressed ? Compressed.gzip(bytes) : bytes
    var spec = DistinctValueTests.spec
    spec.csv.null = [""]
    for (megabytes, threads) in [(32, 1), (256, 3)] {
      spec.memoryBytes = megabytes << 20
      let (output, outcome) = try await TestFolder().run(spec, on: input, threads: threads)
      #expect(String(decoding: output, as: UTF8.self) == answer, "seed \(seed)")
      #expect((outcome.progress.bytesSpilled > 0) == (megabytes == 32 && shape.spills))
      #expect(outcome.progress.bytesSpilled < 3 * bytes.count, "seed \(seed)")
    }
  }
}
