/// An exact sum of decimal numbers. All zero bytes is the sum of nothing.
///
/// Nearly always the sum fits in 64 bits at one scale; what doesn't goes to the wide part, which has 256 bits. A sum that they
/// don't hold either is known as one, and never wraps.
struct SumState {
  private(set) var small: Int64 = 0
  /// The values that weren't null.
  private(set) var count: UInt64 = 0
  /// At ``scale``, as `small` is.
  private var wide = Int256.zero
  /// The largest seen: the scale of the answer.
  private(set) var scale: UInt8 = 0
  /// 256 bits didn't hold the sum.
  private(set) var isTooLarge = false

  /// The greatest power of ten that 64 bits with a sign hold.
  private static let powerMost = 18

  @inline(__always)
  mutating func add(_ number: DecimalNumber) {
    count &+= 1
    if let value = Int64(exactly: number.mantissa) {
      if number.scale == scale {
        let (sum, overflow) = small.addingReportingOverflow(value)
        if !overflow {
          small = sum
          return
        }
      } else if addAligned(value, scale: number.scale) {
        return
      }
    }
    addWide(Int256(number.mantissa), scale: number.scale)
  }

  /// Adds a value of another scale to the small part; false when 64 bits don't hold that.
  private mutating func addAligned(_ value: Int64, scale newScale: UInt8) -> Bool {
    let difference = Int(newScale > scale ? newScale - scale : scale - newScale)
    guard difference <= SumState.powerMost else { return false }
    let factor = Int64(PowersOfTen.word[difference])
    var (added, sum) = (value, small)
    if newScale > scale {
      guard wide == .zero, case (let scaled, false) = small.multipliedReportingOverflow(by: factor) else {
        return false
      }
      sum = scaled
    } else {
      guard case (let scaled, false) = value.multipliedReportingOverflow(by: factor) else { return false }
      added = scaled
    }
    guard case (let total, false) = sum.addingReportingOverflow(added) else { return false }
    (small, scale) = (total, max(scale, newScale))
    return true
  }

  /// Adds the sum of `count` values.
  mutating func add(total: Int256, scale: UInt8, count: UInt64) {
    self.count &+= count
    addWide(total, scale: scale)
  }

  /// Adds a sum that was too large already.
  mutating func addTooLarge(scale newScale: UInt8, count: UInt64) {
    self.count &+= count
    scale = max(scale, newScale)
    isTooLarge = true
  }

  @inline(never)
  private mutating func addWide(_ total: Int256, scale newScale: UInt8) {
    let aligned = max(scale, newScale)
    let sum = self.total?.scaled(byPowerOfTen: Int(aligned - scale)).flatMap { own in
      total.scaled(byPowerOfTen: Int(aligned - newScale)).flatMap { own.adding($0) }
    }
    (small, scale) = (0, aligned)
    wide = sum ?? .zero
    if sum == nil { isTooLarge = true }
  }

  /// The sum at its own scale; nil when it is too large.
  var total: Int256? {
    if isTooLarge { return nil }
    return wide == .zero ? Int256(Int128(small)) : wide.adding(Int256(Int128(small)))
  }
}
