/// The number in the middle of a group's numbers, or the mean of the two that are: exact, and rounded as an average is.
struct Median: AggregateFunction {
  var state: any AggregateState.Type { FoundNumber.self }
  var source: AggregateSource { .orderedValues }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer { FoundNumber.answer(state) }

  func makeSearch(count: UInt64) -> any OrderedSearch { Search(count: count) }

  private struct Search: OrderedSearch {
    /// The places of the two in the middle, from 0, which are the same where the count is odd.
    private let places: (UInt64, UInt64)
    private var values = (Int256.zero, Int256.zero)
    private var passed: UInt64 = 0
    private var scale: UInt8 = 0

    init(count: UInt64) { places = ((count - 1) / 2, count / 2) }

    mutating func take(_ value: Int256, scale: UInt8, count: UInt64) {
      let range = passed..<(passed + count)
      if range.contains(places.0) { values.0 = value }
      if range.contains(places.1) { values.1 = value }
      passed += count
      self.scale = max(self.scale, scale)
    }

    var answer: DecimalAnswer {
      let places = max(6, Int(scale))
      // Two numbers of 220 bits, and what is left of 28 places.
      let sum = values.0 + values.1
      let surplus = DecimalNumber.scaleLimit - places
      let divisors = [2, PowersOfTen.word[min(surplus, 19)], PowersOfTen.word[max(surplus - 19, 0)]]
      guard let mean = DecimalQuotient.rounded(LongMagnitude(sum.magnitude), by: divisors, places: places) else {
        preconditionFailure("the mean of two numbers of 220 bits has no more")
      }
      return (sum.isNegative ? -mean.value : mean.value, mean.scale)
    }
  }
}
