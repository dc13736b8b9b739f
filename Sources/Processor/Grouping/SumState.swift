/// An exact sum of decimal numbers. All zero bytes is the sum of nothing.
///
/// Nearly always the sum fits in 64 bits at one scale; what doesn't goes to the wide part, which has 18 places.
struct SumState {
  private(set) var small: Int64 = 0
  /// The values that weren't null.
  private(set) var count: UInt64 = 0
  private(set) var wide = Int256.zero
  /// The largest seen: the scale of `small`, and of the answer.
  private(set) var scale: UInt8 = 0

  @inline(__always)
  mutating func add(_ number: DecimalNumber) {
    count &+= 1
    if let value = Int64(exactly: number.mantissa), number.scale == scale || matchScales(number.scale) {
      let factor = number.scale == scale ? 1 : Int64(PowersOfTen.word[Int(scale - number.scale)])
      let (scaled, isTooLarge) = value.multipliedReportingOverflow(by: factor)
      let (sum, overflow) = small.addingReportingOverflow(scaled)
      if !overflow && !isTooLarge {
        small = sum
        return
      }
    }
    addWide(Int256(number.mantissa), scale: number.scale)
  }

  /// Raises the small part to a larger scale; false when 64 bits don't hold it there.
  private mutating func matchScales(_ newScale: UInt8) -> Bool {
    guard newScale > scale else { return true }
    let (scaled, overflow) = small.multipliedReportingOverflow(by: Int64(PowersOfTen.word[Int(newScale - scale)]))
    if overflow { return false }
    small = scaled
    scale = newScale
    return true
  }

  /// Adds the sum of `count` values.
  mutating func add(total: Int256, scale: UInt8, count: UInt64) {
    self.count &+= count
    addWide(total, scale: scale)
  }

  @inline(never)
  private mutating func addWide(_ total: Int256, scale newScale: UInt8) {
    wide = self.total18 + total.scaled(byPowerOfTen: DecimalNumber.scaleLimit - Int(newScale))
    small = 0
    scale = max(scale, newScale)
  }

  /// The sum with 18 places.
  var total18: Int256 {
    small == 0 ? wide : wide + Int256(Int128(small)).scaled(byPowerOfTen: DecimalNumber.scaleLimit - Int(scale))
  }

  /// The sum at its own scale.
  var total: Int256 {
    if wide == .zero { return Int256(Int128(small)) }
    let value = total18
    let (quotient, _) = value.magnitude.divided(by: PowersOfTen.word[DecimalNumber.scaleLimit - Int(scale)])
    return value.isNegative ? -quotient : quotient
  }
}

/// The least or the greatest of decimal numbers. All zero bytes is that of nothing.
struct ExtremeState {
  private(set) var mantissa: Int128 = 0
  private(set) var scale: UInt8 = 0
  /// The largest seen in the group: the scale of the answer.
  private(set) var largestScale: UInt8 = 0
  private(set) var isPresent = false

  @inline(__always)
  mutating func add(_ number: DecimalNumber, largestScale seen: UInt8, wantsLeast: Bool) {
    largestScale = max(largestScale, seen)
    let isBetter: Bool
    if !isPresent {
      isBetter = true
    } else if number.scale == scale {
      isBetter = wantsLeast ? number.mantissa < mantissa : number.mantissa > mantissa
    } else {
      let (new, old) = (ExtremeState.widened(number.mantissa, number.scale), ExtremeState.widened(mantissa, scale))
      isBetter = wantsLeast ? new < old : old < new
    }
    guard isBetter else { return }
    mantissa = number.mantissa
    scale = number.scale
    isPresent = true
  }

  /// The value at the answer's scale.
  var value: Int256 { Int256(mantissa).scaled(byPowerOfTen: Int(largestScale - scale)) }

  private static func widened(_ mantissa: Int128, _ scale: UInt8) -> Int256 {
    Int256(mantissa).scaled(byPowerOfTen: DecimalNumber.scaleLimit - Int(scale))
  }
}
