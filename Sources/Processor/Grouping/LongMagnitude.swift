/// A number without a sign, of any length: what exact answers are made of before they are rounded.
struct LongMagnitude {
  /// The least significant first.
  private var limbs: [UInt64]

  init(limbs: [UInt64]) { self.limbs = limbs }

  /// - Parameter value: its 256 bits, without a sign.
  init(_ value: Int256) {
    limbs = [value.limbs.0, value.limbs.1, value.limbs.2, value.limbs.3, 0, 0]
  }

  /// The value, if 255 bits hold it.
  var narrow: Int256? {
    func limb(_ index: Int) -> UInt64 { index < limbs.count ? limbs[index] : 0 }
    let value = Int256(limbs: (limb(0), limb(1), limb(2), limb(3)))
    return limbs.dropFirst(4).allSatisfy { $0 == 0 } && !value.isNegative ? value : nil
  }

  var isOdd: Bool { limbs[0] & 1 == 1 }

  mutating func increment() {
    for index in limbs.indices {
      limbs[index] &+= 1
      if limbs[index] != 0 { return }
    }
    limbs.append(1)
  }

  mutating func scale(byPowerOfTen power: Int) {
    var left = power
    while left > 0 {
      let step = min(left, PowersOfTen.word.count - 1)
      multiply(by: PowersOfTen.word[step])
      left -= step
    }
  }

  mutating func multiply(by factor: UInt64) {
    var carry: UInt64 = 0
    for index in limbs.indices {
      let (high, low) = limbs[index].multipliedFullWidth(by: factor)
      let (sum, overflow) = low.addingReportingOverflow(carry)
      (limbs[index], carry) = (sum, high &+ (overflow ? 1 : 0))
    }
    if carry > 0 { limbs.append(carry) }
  }

  /// The square (long multiplication, Knuth, The Art of Computer Programming, volume 2, 4.3.1, algorithm M).
  var square: LongMagnitude {
    var product = [UInt64](repeating: 0, count: 2 * limbs.count)
    for (place, factor) in limbs.enumerated() where factor > 0 {
      var carry: UInt64 = 0
      for index in limbs.indices {
        let (high, low) = limbs[index].multipliedFullWidth(by: factor)
        let (first, overflowed) = low.addingReportingOverflow(product[place + index])
        let (sum, overflowedAgain) = first.addingReportingOverflow(carry)
        product[place + index] = sum
        carry = high &+ (overflowed ? 1 : 0) &+ (overflowedAgain ? 1 : 0)
      }
      product[place + limbs.count] = carry
    }
    return LongMagnitude(limbs: product)
  }

  /// Takes away what isn't larger.
  mutating func subtract(_ other: LongMagnitude) {
    var borrow: UInt64 = 0
    for index in limbs.indices {
      let taken = index < other.limbs.count ? other.limbs[index] : 0
      let (first, overflowed) = limbs[index].subtractingReportingOverflow(taken)
      let (rest, overflowedAgain) = first.subtractingReportingOverflow(borrow)
      limbs[index] = rest
      borrow = overflowed || overflowedAgain ? 1 : 0
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
