/// Writes exact numbers as text.
enum NumberText {
  /// The bytes that any number of ours needs at the most: a sign, 78 digits of 256 bits, a point.
  static let bytesMost = 82

  /// Writes an integer as a decimal number with that many places: `-0` never, all places always.
  @inline(__always)
  static func write(_ value: Int256, scale: Int, _ output: inout UnsafeMutableRawPointer) {
    if scale == 0, let narrow = value.narrow, let small = Int64(exactly: narrow) { return write(small, &output) }
    writeWide(value, scale: scale, &output)
  }

  @inline(__always)
  static func write(_ value: Int64, _ output: inout UnsafeMutableRawPointer) {
    var magnitude = value.magnitude
    if value < 0 {
      output.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
      output += 1
    }
    let digits = digitCount(magnitude)
    var end = output + digits
    output = end
    while magnitude >= 100 {
      let (rest, pair) = magnitude.quotientAndRemainder(dividingBy: 100)
      end -= 2
      end.storeBytes(of: pairText(pair), as: UInt16.self)
      magnitude = rest
    }
    if magnitude >= 10 {
      (end - 2).storeBytes(of: pairText(magnitude), as: UInt16.self)
    } else {
      (end - 1).storeBytes(of: UInt8(truncatingIfNeeded: magnitude) | 0x30, as: UInt8.self)
    }
  }

  /// The two digits of a number below a hundred, the first at the lower address.
  @inline(__always)
  private static func pairText(_ pair: UInt64) -> UInt16 {
    let tens = (pair &* 103) >> 10
    let ones = pair &- tens &* 10
    return UInt16(truncatingIfNeeded: tens | ones << 8 | 0x3030).littleEndian
  }

  @inline(__always)
  private static func digitCount(_ value: UInt64) -> Int {
    if value < 100 { return value < 10 ? 1 : 2 }
    if value < 10_000 { return value < 1_000 ? 3 : 4 }
    var digits = 4
    var rest = value / 10_000
    while rest > 0 {
      rest /= 10
      digits += 1
    }
    return digits
  }

  @inline(never)
  private static func writeWide(_ value: Int256, scale: Int, _ output: inout UnsafeMutableRawPointer) {
    var digits = digits(of: value.magnitude)
    while digits.count <= scale { digits.append(0) }
    if value.isNegative {
      output.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
      output += 1
    }
    for index in digits.indices.reversed() {
      output.storeBytes(of: digits[index] + 0x30, as: UInt8.self)
      output += 1
      if index == scale, scale > 0 {
        output.storeBytes(of: UInt8(ascii: "."), as: UInt8.self)
        output += 1
      }
    }
  }

  /// Writes an IEEE number as the shortest text that reads back the same.
  static func write(_ value: Double, _ output: inout UnsafeMutableRawPointer) {
    var text = value == 0 ? "0" : value.description
    if text.hasSuffix(".0") { text.removeLast(2) }
    for byte in text.utf8 {
      output.storeBytes(of: byte, as: UInt8.self)
      output += 1
    }
  }

  /// The decimal digits, the least significant first, at least one.
  static func digits(of magnitude: Int256) -> [UInt8] {
    var digits: [UInt8] = []
    var rest = magnitude
    while rest != .zero {
      var group: UInt64
      (rest, group) = rest.divided(by: PowersOfTen.word[19])
      for _ in 0..<19 where group > 0 || rest != .zero {
        digits.append(UInt8(group % 10))
        group /= 10
      }
    }
    return digits.isEmpty ? [0] : digits
  }

  /// Writes ``average(_:scale:count:)`` of a sum that 64 bits hold.
  static func writeAverage(_ total: Int64, scale: Int, count: UInt64, _ output: inout UnsafeMutableRawPointer) {
    guard let average = average(Int256(Int128(total)), scale: scale, count: count) else {
      preconditionFailure("64 bits and 28 places are less than 255 bits")
    }
    write(average.value, scale: average.scale, &output)
  }

  /// The exact quotient of a sum and a count, rounded half to even to max(6, scale) places, without trailing zeros; nil when
  /// 255 bits don't hold it.
  static func average(_ total: Int256, scale: Int, count: UInt64) -> DecimalAnswer? {
    let places = max(6, scale)
    var magnitude = LongMagnitude(total.magnitude)
    magnitude.scale(byPowerOfTen: places - scale)
    guard let average = DecimalQuotient.rounded(magnitude, by: [count], places: places) else { return nil }
    return (total.isNegative ? -average.value : average.value, average.scale)
  }
}
