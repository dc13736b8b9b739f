import Storage
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// `median`: exact for every distribution of groups and numbers, also where they don't fit in memory.
@Suite struct MedianTests {
  private static let aggregates = [Aggregate(.median, column: "n", as: "m"), Aggregate(.count, column: nil, as: "c")]

  @Test(arguments: [
    ("a,1\na,3\na,2\n", "a,2,3\n"),
    ("a,1\na,2\n", "a,1.5,2\n"),
    ("a,-1\na,-2\na,-10\na,5\n", "a,-1.5,4\n"),
    ("a,0\na,-0.0\na,0.0\n", "a,0,3\n"),
    ("a,1.0\na,1.00\na,1\nb,7\n", "a,1,3\nb,7,1\n"),
    // Half to even at six places, and at the largest scale.
    ("a,0.000001\na,0.000002\nb,0.000002\nb,0.000003\n", "a,0.000002,2\nb,0.000002,2\n"),
    ("a,0.0000000000000000000000000001\na,0\n", "a,0,2\n"),
    ("a,0.0000000000000000000000000003\na,0\n", "a,0.0000000000000000000000000002,2\n"),
    (
      "a,99999999999999999999999999999999999999\na,-99999999999999999999999999999999999999\na,99999999999999999999999999999999999997\n",
      "a,99999999999999999999999999999999999997,3\n"
    ),
    ("a,255\na,256\na,257\na,-255\na,-256\na,-257\na,65536\n", "a,255,7\n"),
    ("a,-\na,-\nb,-\nb,4\n", "a,,2\nb,4,2\n"),
  ]) func itIsTheNumberInTheMiddle(rows: String, answer: String) async throws {
    var spec = JobSpec(input: "in", output: "o", groupBy: ["k"], aggregates: MedianTests.aggregates)
    spec.csv.null = ["-"]
    for threads in 1...3 {
      let output = try await TestFolder().run(spec, on: Array(("k,n\n" + rows).utf8), threads: threads, blockBytes: 9)
        .output
      #expect(String(decoding: output, as: UTF8.self) == "k,m,c\n" + answer)
    }
  }

  /// How the rows' keys are spread, with a budget whose share for sorting holds only a part of the numbers.
  enum Spread: CaseIterable {
    case noGroups, oneGroup, fewNumbers, fewGroups, manyGroups, skewed, longKeys

    func key(_ row: Int, _ random: inout SeededRandom) -> String {
      switch self {
      case .noGroups, .oneGroup, .fewNumbers: "k"
      case .fewGroups: "k\(random.next() % 5)"
      case .manyGroups: "k\(random.next() % 20_000)"
      case .skewed: row % 10 == 0 ? "k\(random.next() % 10_000)" : "most"
      case .longKeys: String(repeating: "k", count: 300) + "\(random.next() % 300)"
      }
    }

    func number(_ random: inout SeededRandom) -> Int {
      self == .fewNumbers ? Int(random.next() % 9) - 4 : Int(random.next() % 2_000_000) - 1_000_000
    }
  }

  @Test(arguments: Spread.allCases) func aSmallBudgetChangesNothing(spread: Spread) async throws {
    let seed = UInt64.random(in: .min ... .max)
    let (bytes, expected) = try await onOwnThread {
      var random = SeededRandom(seed: seed)
      var (bytes, groups) = (Array("k,n\n".utf8), [String: [Int]]())
      for row in 0..<100_000 {
        let (key, number) = (spread.key(row, &random), spread.number(&random))
        bytes += "\(key),\(number)\n".utf8
        groups[spread == .noGroups ? "" : key, default: []].append(number)
      }
      let lines = groups.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { key, numbers in
        let sorted = numbers.sorted()
        let twice = sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]
        let sign = twice < 0 ? "-" : ""
        let median = "\(sign)\(abs(twice) / 2)\(twice % 2 == 0 ? "" : ".5")"
        return (key.isEmpty ? "" : key + ",") + "\(median),\(numbers.count)\n"
      }
      return (bytes, lines.joined())
    }
    let spec = JobSpec(
      input: "in", output: "o", groupBy: spread == .noGroups ? [] : ["k"], aggregates: MedianTests.aggregates,
      memoryBytes: 8 << 20)
    let (output, outcome) = try await TestFolder().run(spec, on: bytes, threads: 2)
    let header = spread == .noGroups ? "m,c\n" : "k,m,c\n"
    #expect(String(decoding: output, as: UTF8.self) == header + expected, "seed \(seed)")
    #expect((outcome.progress.bytesSpilled > 0) == (spread != .fewNumbers && spread != .fewGroups))
    #expect(outcome.progress.groups == outcome.result.rows)
  }
}
