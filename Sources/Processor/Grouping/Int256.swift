/// A signed integer of 256 bits. A value has at most 66 digits when its point is moved 28 places (38 + 28), that is 220 bits:
/// 58 billion rows of the worst kind may be added, and what overflows is reported.
struct Int256: Hashable {
  /// Two's complement, the least significant first.
  var limbs: (UInt64, UInt64, UInt64, UInt64)

  static let zero = Int256(limbs: (0, 0, 0, 0))

  init(limbs: (UInt64, UInt64, UInt64, UInt64)) { self.limbs = limbs }

  init(_ value: Int128) {
    let fill: UInt64 = value < 0 ? .max : 0
    limbs = (UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64), fill, fill)
  }

  static func == (left: Int256, right: Int256) -> Bool { left.limbs == right.limbs }

  func hash(into hasher: inout Hasher) {
    hasher.combine(limbs.0)
    hasher.combine(limbs.1)
    hasher.combine(limbs.2)
    hasher.combine(limbs.3)
  }

  var isNegative: Bool { limbs.3 >> 63 == 1 }

  /// The value, if 128 bits hold it.
  var narrow: Int128? {
    let value = Int128(truncatingIfNeeded: limbs.1) << 64 | Int128(limbs.0)
    let fill: UInt64 = value < 0 ? .max : 0
    return limbs.2 == fill && limbs.3 == fill ? value : nil
  }

  static func + (left: Int256, right: Int256) -> Int256 {
    let (a, carryA) = left.limbs.0.addingReportingOverflow(right.limbs.0)
    let (b, carryB) = add(left.limbs.1, right.limbs.1, carryA)
    let (c, carryC) = add(left.limbs.2, right.limbs.2, carryB)
    let (d, _) = add(left.limbs.3, right.limbs.3, carryC)
    return Int256(limbs: (a, b, c, d))
  }

  /// Nil when 256 bits don't hold the sum.
  func adding(_ other: Int256) -> Int256? {
    let sum = self + other
    // Two numbers of one sign whose sum has the other.
    return isNegative == other.isNegative && sum.isNegative != isNegative ? nil : sum
  }

  static prefix func - (value: Int256) -> Int256 {
    Int256(limbs: (~value.limbs.0, ~value.limbs.1, ~value.limbs.2, ~value.limbs.3)) + Int256(1)
  }

  var magnitude: Int256 { isNegative ? -self : self }

  /// Of a value that isn't negative; nil when 256 bits don't hold the product.
  func multiplied(by factor: UInt64) -> Int256? {
    var carry: UInt64 = 0
    func step(_ limb: UInt64) -> UInt64 {
      let (high, low) = limb.multipliedFullWidth(by: factor)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      carry = high + (overflow ? 1 : 0)
      return sum
    }
    let product = Int256(limbs: (step(limbs.0), step(limbs.1), step(limbs.2), step(limbs.3)))
    return carry == 0 && !product.isNegative ? product : nil
  }

  /// Of a value that isn't negative.
  func divided(by divisor: UInt64) -> (quotient: Int256, remainder: UInt64) {
    var remainder: UInt64 = 0
    func step(_ limb: UInt64) -> UInt64 {
      let result = divisor.dividingFullWidth((remainder, limb))
      remainder = result.remainder
      return result.quotient
    }
    let (d, c, b, a) = (step(limbs.3), step(limbs.2), step(limbs.1), step(limbs.0))
    return (Int256(limbs: (a, b, c, d)), remainder)
  }

  /// The value times `10^power`, with its sign; nil when 256 bits don't hold it.
  func scaled(byPowerOfTen power: Int) -> Int256? {
    if power == 0 { return self }
    // The least value has no magnitude that 256 bits hold.
    var scaled = magnitude
    if scaled.isNegative { return nil }
    var left = power
    while left > 0 {
      let step = min(left, PowersOfTen.word.count - 1)
      guard let next = scaled.multiplied(by: PowersOfTen.word[step]) else { return nil }
      scaled = next
      left -= step
    }
    return isNegative ? -scaled : scaled
  }

  /// `10^76`: the first number with 77 digits.
  static let tooLong = (0..<4).reduce(Int256(1)) { value, _ in value.multiplied(by: PowersOfTen.word[19]) ?? value }

  static func < (left: Int256, right: Int256) -> Bool {
    if left.isNegative != right.isNegative { return left.isNegative }
    return (left.limbs.3, left.limbs.2, left.limbs.1, left.limbs.0)
      < (right.limbs.3, right.limbs.2, right.limbs.1, right.limbs.0)
  }

  private static func add(_ left: UInt64, _ right: UInt64, _ carry: Bool) -> (UInt64, Bool) {
    let (sum, first) = left.addingReportingOverflow(right)
    let (total, second) = sum.addingReportingOverflow(carry ? 1 : 0)
    return (total, first || second)
  }
}

enum PowersOfTen {
  /// `10^0` to `10^19`: all that 64 bits hold.
  static let word: [UInt64] = (0..<20).map { power in (0..<power).reduce(UInt64(1)) { value, _ in value * 10 } }
}
