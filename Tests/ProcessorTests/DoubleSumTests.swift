import Testing

@testable import Processor

/// Sums of IEEE numbers: exact, rounded once, the same in any order.
@Suite struct DoubleSumTests {
  private static let tiny = Double.leastNonzeroMagnitude

  @Test(
    arguments: [
      ([], 0), ([0.1], 0.1), ([1e16, 1, -1e16], 1), ([1e308, 1e308, -1e308], 1e308), ([-0.0], 0),
      (Array(repeating: 0.1, count: 10), 1), ([tiny, tiny], 2 * tiny), ([1, tiny, -1], tiny),
      // Halfway between two numbers: to the even one; anything more, and up.
      ([9_007_199_254_740_992, 1], 9_007_199_254_740_992), ([9_007_199_254_740_994, 1], 9_007_199_254_740_996),
      ([9_007_199_254_740_992, 1, tiny], 9_007_199_254_740_994), ([-1.5, -2.5, 1], -3),
      ([9_007_199_254_740_991, 0.5, 0.25], 9_007_199_254_740_992),
      ([.greatestFiniteMagnitude, 1], .greatestFiniteMagnitude),
    ] as [([Double], Double)])
  func aSumIsExactAndRoundedOnce(values: [Double], expected: Double) {
    for order in [values, values.reversed(), values.sorted()] {
      DoubleSum.withEmpty { sum in
        for value in order { sum.add(value) }
        #expect(sum.value == expected && sum.count == values.count)
      }
    }
  }

  /// A sum of parts, each of which went through its form in a record.
  @Test func partsAddUp() {
    let values: [Double] = (0..<1_000).map { index in
      let factor = Double(index % 7 - 3)
      return factor * 1.000_000_1 * (Double(index) + 1e-9)
    }
    var form = [UInt8](repeating: 0, count: DoubleSum.bytes + 32)
    let whole = DoubleSum.withEmpty { sum in
      for value in values { sum.add(value) }
      return sum.value
    }
    let parts = form.withUnsafeMutableBytes { form in
      DoubleSum.withEmpty { sum in
        for part in stride(from: 0, to: values.count, by: 37) {
          DoubleSum.withEmpty { piece in
            for value in values[part..<min(part + 37, values.count)] { piece.add(value) }
            var end = form.baseAddress!
            piece.write(&end)
          }
          var start = UnsafeRawPointer(form.baseAddress!)
          sum.merge(&start)
        }
        return sum.value
      }
    }
    #expect(whole == parts)
  }

  @Test func tooLargeIsInfinite() {
    DoubleSum.withEmpty { sum in
      for _ in 0..<3 { sum.add(.greatestFiniteMagnitude) }
      #expect(sum.value == .infinity)
    }
  }
}
