#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The exact sum of IEEE numbers, rounded once at the end, so that it is the same in any order (Neal, "Fast Exact
/// Summation Using Small and Large Superaccumulators", 2015), in a group's memory. All zero bytes is the sum of nothing.
///
/// A fixed-point number of 70 digits of 32 bits, the lowest of which is worth `2^-1074`, each with room for carries;
/// before them the count of the values, and of the additions since carries went on.
struct DoubleSum {
  private static let digits = 70
  static let bytes = (digits + 2) * 8
  /// Additions after which carries must go on.
  private static let additionsMost: Int64 = 1 << 29

  private let words: UnsafeMutablePointer<Int64>
  private var limbs: UnsafeMutablePointer<Int64> { words + 2 }

  /// - Parameter state: of ``bytes``.
  init(at state: UnsafeMutableRawPointer) { words = state.assumingMemoryBound(to: Int64.self) }

  /// The values that weren't null.
  var count: Int64 { words[0] }

  /// Calls the body with the sum of nothing, which is gone afterwards.
  static func withEmpty<Result>(_ body: (DoubleSum) throws -> Result) rethrows -> Result {
    try withUnsafeTemporaryAllocation(byteCount: bytes, alignment: 8) { memory in
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      return try body(DoubleSum(at: memory.baseAddress!))
    }
  }

  func add(_ value: Double) {
    words[0] += 1
    if value == 0 { return }
    let exponent = Int(value.exponentBitPattern)
    // Subnormal numbers have the exponent of the least normal ones, and no hidden bit.
    let mantissa = value.significandBitPattern | (exponent == 0 ? 0 : 1 << 52)
    let place = max(exponent, 1) - 1
    let (index, shift) = (place / 32, UInt64(place % 32))
    let low = mantissa << shift
    let high = shift == 0 ? 0 : mantissa >> (64 - shift)
    let sign: Int64 = value < 0 ? -1 : 1
    limbs[index] += sign * Int64(low & 0xFFFF_FFFF)
    limbs[index + 1] += sign * Int64(low >> 32)
    limbs[index + 2] += sign * Int64(high)
    words[1] += 1
    if words[1] >= DoubleSum.additionsMost { carry() }
  }

  /// Brings every digit but the last between 0 and `2^32`.
  private func carry() {
    var rest: Int64 = 0
    for index in 0..<(DoubleSum.digits - 1) {
      let value = limbs[index] + rest
      limbs[index] = value & 0xFFFF_FFFF
      rest = value >> 32
    }
    limbs[DoubleSum.digits - 1] += rest
    words[1] = 0
  }

  /// The sum, rounded to the nearest, half to even.
  var value: Double {
    DoubleSum.withEmpty { sum in
      sum.words.update(from: words, count: DoubleSum.digits + 2)
      sum.carry()
      let isNegative = sum.limbs[DoubleSum.digits - 1] < 0
      if isNegative {
        for index in 0..<DoubleSum.digits { sum.limbs[index] = -sum.limbs[index] }
        sum.carry()
      }
      return isNegative ? -sum.magnitude : sum.magnitude
    }
  }

  /// Of a sum that isn't negative, whose carries have gone on.
  private var magnitude: Double {
    guard let top = (0..<DoubleSum.digits).last(where: { limbs[$0] != 0 }) else { return 0 }
    let highest = top * 32 + 63 - limbs[top].leadingZeroBitCount
    var mantissa: UInt64 = 0
    let lowest = max(highest - 52, 0)
    for index in (lowest...highest).reversed() { mantissa = mantissa << 1 | bit(index) }
    if lowest > 0, bit(lowest - 1) == 1 {
      let isMoreThanHalf = (0..<(lowest - 1)).contains { bit($0) == 1 }
      if isMoreThanHalf || mantissa & 1 == 1 { mantissa += 1 }
    }
    // 2^53 is a double as well: rounding up to it needs no more care.
    return scalbn(Double(mantissa), Int32(lowest - 1_074))
  }

  private func bit(_ index: Int) -> UInt64 { UInt64(limbs[index / 32] >> Int64(index % 32)) & 1 }

  /// `[digits in use][first of them][count, varint][digits]`.
  func write(_ output: inout UnsafeMutableRawPointer) {
    carry()
    let first = (0..<DoubleSum.digits).first { limbs[$0] != 0 } ?? 0
    let last = (0..<DoubleSum.digits).last { limbs[$0] != 0 } ?? -1
    let used = max(last - first + 1, 0)
    KeyCodec.appendByte(UInt8(used), &output)
    KeyCodec.appendByte(UInt8(first), &output)
    ByteCursor.writeVarint(UInt64(count), &output)
    for index in 0..<used {
      output.storeBytes(of: limbs[first + index], as: Int64.self)
      output += 8
    }
  }

  /// Adds a form that ``write(_:)`` has written.
  func merge(_ input: inout UnsafeRawPointer) {
    let used = Int(input.load(as: UInt8.self))
    let first = Int(input.load(fromByteOffset: 1, as: UInt8.self))
    input += 2
    words[0] += Int64(ByteCursor.readVarint(&input))
    for index in 0..<used {
      limbs[first + index] += input.loadUnaligned(as: Int64.self)
      input += 8
    }
    // The last digit has room for more than there can be forms; the others are below 2^32 in each.
    words[1] += 1
    if words[1] >= DoubleSum.additionsMost { carry() }
  }
}

/// A ``DoubleSum`` as an aggregate's state.
enum DoubleSumState: AggregateState {
  static var bytes: Int { DoubleSum.bytes }

  static func add(_ value: UnsafePointer<RowValue>, position: UInt64, to state: UnsafeMutableRawPointer) {
    DoubleSum(at: state).add(value.pointee.double)
  }

  static func write(_ state: UnsafeMutableRawPointer, _ output: inout UnsafeMutableRawPointer) {
    DoubleSum(at: state).write(&output)
  }

  static func merge(_ input: inout UnsafeRawPointer, into state: UnsafeMutableRawPointer) {
    DoubleSum(at: state).merge(&input)
  }
}
