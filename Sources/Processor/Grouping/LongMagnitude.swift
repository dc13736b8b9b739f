/// A number without a sign that is longer than ``Int256``: a sum of 76 digits with 28 places more. 384 bits.
struct LongMagnitude {
  /// The least significant first.
  private var limbs: [UInt64]

  /// - Parameter value: its 256 bits, without a sign.
  init(_ value: Int256) {
    limbs = [value.limbs.0, value.limbs.1, value.limbs.2, value.limbs.3, 0, 0]
  }

  /// The lowest 256 bits.
  var low: Int256 { Int256(limbs: (limbs[0], limbs[1], limbs[2], limbs[3])) }

  /// Multiplies by `10^power`. 77 digits and 28 more are 349 bits: nothing overflows.
  mutating func scale(byPowerOfTen power: Int) {
    var left = power
    while left > 0 {
      let step = min(left, PowersOfTen.word.count - 1)
      multiply(by: PowersOfTen.word[step])
      left -= step
    }
  }

  private mutating func multiply(by factor: UInt64) {
    var carry: UInt64 = 0
    for index in limbs.indices {
      let (high, low) = limbs[index].multipliedFullWidth(by: factor)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      (limbs[index], carry) = (sum, high &+ (overflow ? 1 : 0))
    }
  }

  /// Divides, and returns the remainder.
  mutating func divide(by divisor: UInt64) -> UInt64 {
    var remainder: UInt64 = 0
    for index in limbs.indices.reversed() {
      (limbs[index], remainder) = divisor.dividingFullWidth((remainder, limbs[index]))
    }
    return remainder
  }

  /// Without zeros in front; none for zero.
  var bigEndianBytes: [UInt8] {
    let all = limbs.reversed().flatMap { limb in (0..<8).map { UInt8(truncatingIfNeeded: limb >> UInt64(56 - 8 * $0)) }
    }
    return Array(all.drop { $0 == 0 })
  }
}
