#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// An exact decimal number: `mantissa × 10^-scale`, at most 38 digits, at most 28 of them after the point.
struct DecimalNumber: Equatable {
  var mantissa: Int128
  var scale: UInt8

  static let digitsLimit = 38
  static let scaleLimit = 28

  /// The mantissa at the largest scale that a number may have: equal for equal numbers.
  var widened: Int256 { widened(toScale: DecimalNumber.scaleLimit) }

  /// The mantissa at a larger scale. 38 digits and 28 more are 220 bits: 256 hold them.
  func widened(toScale larger: Int) -> Int256 {
    guard let wide = Int256(mantissa).scaled(byPowerOfTen: larger - Int(scale)) else {
      preconditionFailure("a number of 38 digits has no scale above 28")
    }
    return wide
  }
}

/// Reads numbers: `[+-]?(digits[.[digits]] | .digits)[(e|E)[+-]?digits]`, with ASCII spaces around. No hexadecimal, no `_`,
/// no marks.
enum NumberParser {
  @inline(__always)
  static func parse(_ text: UnsafeRawBufferPointer) -> DecimalNumber? {
    // Nearly every number is a few digits: one loop, and no more.
    if text.count > 0, text.count <= 18 {
      var value: Int64 = 0
      for index in 0..<text.count {
        let digit = text[index] &- 0x30
        if digit > 9 { return parseAny(text) }
        value = value &* 10 &+ Int64(digit)
      }
      return DecimalNumber(mantissa: Int128(value), scale: 0)
    }
    return parseAny(text)
  }

  /// A number of exactly that many places that 32 bits hold without its point; nil: it is another, or none. Seven bytes
  /// behind the text may be read.
  @inline(__always)
  static func small(_ text: UnsafeRawBufferPointer, scale: UInt8) -> Int32? {
    if scale == 0, text.count > 0, text.count <= 8 {
      // Eight digits at once (Lemire, "Quickly parsing eight digits", 2018), zeros in front of fewer.
      let shift = UInt64(truncatingIfNeeded: 64 &- 8 &* text.count)
      let zeros: UInt64 = 0x3030_3030_3030_3030
      let digits = (UInt64(littleEndian: text.baseAddress!.loadUnaligned(as: UInt64.self)) &- zeros) << shift
      if (digits | (digits &+ 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 == 0 {
        let pairs = (digits &* 10 &+ digits >> 8) & 0x00FF_00FF_00FF_00FF
        let fours = (pairs &* 100 &+ pairs >> 16) & 0x0000_FFFF_0000_FFFF
        return Int32(truncatingIfNeeded: (fours &* 10_000 &+ fours >> 32) & 0xFFFF_FFFF)
      }
    }
    guard let number = parseAny(text), number.scale == scale else { return nil }
    return Int32(exactly: number.mantissa)
  }

  @inline(never)
  static func parseAny(_ text: UnsafeRawBufferPointer) -> DecimalNumber? {
    var (index, end) = (0, text.count)
    while index < end, text[index] == 0x20 { index += 1 }
    while end > index, text[end - 1] == 0x20 { end -= 1 }
    var isNegative = false
    if index < end, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    var digits = Digits()
    var scale = 0
    let isWhole = digits.take(text, &index, end)
    if index < end, text[index] == UInt8(ascii: ".") {
      index += 1
      let start = index
      // Digits before the point, or behind it.
      guard digits.take(text, &index, end) || isWhole else { return nil }
      scale = index - start
    } else if !isWhole {
      return nil
    }
    if index < end, text[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      guard let exponent = exponent(text, &index, end) else { return nil }
      scale -= exponent
    }
    guard index == end else { return nil }
    return digits.number(isNegative: isNegative, scale: scale)
  }

  /// The IEEE number that is nearest to a text of the same form, of any number of digits; nil for other texts, and for
  /// what is too large.
  static func parseDouble(_ text: UnsafeRawBufferPointer) -> Double? {
    guard let (start, end) = bounds(text) else { return nil }
    let value = withUnsafeTemporaryAllocation(of: CChar.self, capacity: end - start + 1) { copy in
      for place in start..<end { copy[place - start] = CChar(bitPattern: text[place]) }
      copy[end - start] = 0
      return strtod(copy.baseAddress!, nil)
    }
    return value.isFinite ? value : nil
  }

  /// Whether a text has a number's form, of any number of digits.
  static func isNumber(_ text: UnsafeRawBufferPointer) -> Bool { bounds(text) != nil }

  /// Where a number of any length stands between the spaces around it; nil for a text of another form.
  private static func bounds(_ text: UnsafeRawBufferPointer) -> (start: Int, end: Int)? {
    var (index, end) = (0, text.count)
    while index < end, text[index] == 0x20 { index += 1 }
    while end > index, text[end - 1] == 0x20 { end -= 1 }
    let start = index
    func skipSign() {
      if index < end, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
    }
    func skipDigits() -> Bool {
      let first = index
      while index < end, text[index] >= 0x30, text[index] <= 0x39 { index += 1 }
      return index > first
    }
    skipSign()
    let isWhole = skipDigits()
    if index < end, text[index] == UInt8(ascii: ".") {
      index += 1
      guard skipDigits() || isWhole else { return nil }
    } else if !isWhole {
      return nil
    }
    if index < end, text[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      skipSign()
      guard skipDigits() else { return nil }
    }
    return index == end ? (start, end) : nil
  }

  private static func exponent(_ text: UnsafeRawBufferPointer, _ index: inout Int, _ end: Int) -> Int? {
    var isNegative = false
    if index < end, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
      isNegative = text[index] == UInt8(ascii: "-")
      index += 1
    }
    let start = index
    var value = 0
    while index < end, text[index] >= 0x30, text[index] <= 0x39 {
      // Beyond any exponent that can be right, only that it is large matters.
      value = min(value * 10 + Int(text[index] - 0x30), 100_000_000)
      index += 1
    }
    return index > start ? (isNegative ? -value : value) : nil
  }

  /// The significant digits of a number, as they are read.
  private struct Digits {
    var mantissa: Int128 = 0
    var significant = 0
    /// More digits than a number may have.
    var isTooLong = false

    /// Reads digits; false where there is none.
    mutating func take(_ text: UnsafeRawBufferPointer, _ index: inout Int, _ end: Int) -> Bool {
      let start = index
      while index < end, text[index] >= 0x30, text[index] <= 0x39 {
        let digit = text[index] - 0x30
        if significant > 0 || digit > 0 { significant += 1 }
        if significant <= DecimalNumber.digitsLimit {
          mantissa = mantissa * 10 + Int128(digit)
        } else {
          isTooLong = true
        }
        index += 1
      }
      return index > start
    }

    func number(isNegative: Bool, scale: Int) -> DecimalNumber? {
      if isTooLong || scale > DecimalNumber.scaleLimit { return nil }
      var value = mantissa
      if scale < 0, value != 0 {
        guard significant - scale <= DecimalNumber.digitsLimit else { return nil }
        for _ in 0..<(-scale) { value *= 10 }
      }
      return DecimalNumber(mantissa: isNegative ? -value : value, scale: UInt8(max(scale, 0)))
    }
  }
}
