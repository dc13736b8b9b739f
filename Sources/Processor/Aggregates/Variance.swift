import TallySchema

/// The variance of decimal numbers, `(n·Σx² − (Σx)²) / (n·(n − 1))` of a sample and `/ n²` of a population: computed exactly, and
/// rounded once, half to even, to max(6, the largest scale seen) places.
struct Variance: AggregateFunction {
  /// The numbers are all that there are, and not a sample of more.
  private let isOfPopulation: Bool

  init(isOfPopulation: Bool) { self.isOfPopulation = isOfPopulation }

  var state: any AggregateState.Type { SquareSumState.self }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer {
    let sums = SquareSum(at: state)
    let count = sums.sum.count
    // Of one number, a sample has no variance.
    if count < (isOfPopulation ? 1 : 2) { return .null }
    guard let total = sums.sum.total, !total.magnitude.isNegative else { return .tooLarge }
    var dividend = sums.squares
    dividend.multiply(by: count)
    dividend.subtract(LongMagnitude(total.magnitude).square)
    let scale = Int(sums.sum.scale)
    let places = max(6, scale)
    var divisors = [count, isOfPopulation ? count : count - 1]
    if places >= 2 * scale {
      dividend.scale(byPowerOfTen: places - 2 * scale)
    } else {
      // At most 28 places too many, and a word holds 10^19.
      let surplus = 2 * scale - places
      divisors += [PowersOfTen.word[min(surplus, 19)], PowersOfTen.word[max(surplus - 19, 0)]]
    }
    guard let variance = DecimalQuotient.rounded(dividend, by: divisors, places: places) else { return .tooLarge }
    return .decimal(variance.value, scale: variance.scale)
  }
}
