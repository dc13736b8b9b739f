/// Exact quotients, rounded once.
enum DecimalQuotient {
  /// The quotient of a whole number and all the divisors, rounded half to even.
  ///
  /// - Parameters:
  ///   - divisors: none of them 0, whose product 255 bits hold.
  ///   - places: of the dividend, and of the quotient before zeros at its end are left out.
  /// - Returns: nil when 255 bits don't hold it.
  static func rounded(
    _ dividend: LongMagnitude, by divisors: [UInt64], places: Int
  ) -> DecimalAnswer? {
    var left = dividend
    var (product, remainder) = (Int256(1), Int256.zero)
    for divisor in divisors {
      // a = d·q + r, and q = d'·q' + r': the remainder of both is d·r' + r.
      let rest = left.divide(by: divisor)
      guard let part = product.multiplied(by: rest), let wider = product.multiplied(by: divisor) else { return nil }
      (remainder, product) = (remainder + part, wider)
    }
    let complement = product + -remainder
    if complement < remainder || (complement == remainder && left.isOdd) { left.increment() }
    var shown = places
    // What is too long with all its places may be short enough without the zeros at its end.
    while left.narrow == nil, shown > 0 {
      if left.divide(by: 10) != 0 { return nil }
      shown -= 1
    }
    guard var quotient = left.narrow else { return nil }
    while shown > 0 {
      let (shorter, last) = quotient.divided(by: 10)
      if last != 0 { break }
      quotient = shorter
      shown -= 1
    }
    return (quotient, shown)
  }
}
