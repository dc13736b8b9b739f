/// A signed integer of 256 bits: wide enough that no order of rows overflows a sum. A value has at most 56 digits when
/// its point is moved 18 places (38 + 18), that is 187 bits; 2^63 rows add 63.
struct Int256: Equatable {
  /// Two's complement, the least significant first.
  var limbs: (UInt64, UInt64, UInt64, UInt64)

  static let zero = Int256(limbs: (0, 0, 0, 0))

  init(limbs: (UInt64, UInt64, UInt64, UInt64)) { self.limbs = limbs }

  init(_ value: Int128) {
    let fill: UInt64 = value < 0 ? .max : 0
    limbs = (UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64), fill, fill)
  }

  static func == (left: Int256, right: Int256) -> Bool { left.limbs == right.limbs }

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

  static prefix func - (value: Int256) -> Int256 {
    Int256(limbs: (~value.limbs.0, ~value.limbs.1, ~value.limbs.2, ~value.limbs.3)) + Int256(1)
  }

  var magnitude: Int256 { isNegative ? -self : self }

  /// Of a value that isn't negative.
  func multiplied(by factor: UInt64) -> Int256 {
    var carry: UInt64 = 0
    func step(_ limb: UInt64) -> UInt64 {
      let (high, low) = limb.multipliedFullWidth(by: factor)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      carry = high + (overflow ? 1 : 0)
      return sum
    }
    return Int256(limbs: (step(limbs.0), step(limbs.1), step(limbs.2), step(limbs.3)))
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

  /// The value times `10^power`, with its sign.
  func scaled(byPowerOfTen power: Int) -> Int256 {
    if power == 0 { return self }
    let scaled = magnitude.multiplied(by: PowersOfTen.word[power])
    return isNegative ? -scaled : scaled
  }

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
