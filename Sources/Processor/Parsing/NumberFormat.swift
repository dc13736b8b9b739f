/// How numbers are written.
struct NumberFormat: Hashable, Sendable {
  var decimalMark: UInt8
  var thousandsMark: UInt8?

  static let usual = NumberFormat(decimalMark: UInt8(ascii: "."), thousandsMark: nil)

  /// Reads a number that is written with these marks.
  func parse(_ text: UnsafeRawBufferPointer) -> DecimalNumber? {
    self == .usual ? NumberParser.parse(text) : withUsualText(text) { $0.flatMap { NumberParser.parse($0) } }
  }

  /// Reads an IEEE number: the nearest to what is written. Nil for what is too large, too.
  func parseDouble(_ text: UnsafeRawBufferPointer) -> Double? {
    self == .usual
      ? NumberParser.parseDouble(text) : withUsualText(text) { $0.flatMap { NumberParser.parseDouble($0) } }
  }

  /// Why a text is refused by ``parse(_:)``, or by ``parseDouble(_:)``.
  func problem(with text: UnsafeRawBufferPointer, isDouble: Bool) -> NumberProblem {
    self == .usual
      ? NumberProblem(text, isDouble: isDouble)
      : withUsualText(text) { $0.map { NumberProblem($0, isDouble: isDouble) } ?? .form }
  }

  /// The text with a point and without marks of thousands; nil when they stand in odd places.
  private func withUsualText<Result>(
    _ text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) -> Result
  ) -> Result {
    var usual: [UInt8] = []
    usual.reserveCapacity(text.count)
    var digits = 0
    var groups = 0
    var isWhole = true
    for byte in text {
      if byte == thousandsMark {
        // One to three digits before the first mark, three before each other.
        guard isWhole, groups == 0 ? (1...3).contains(digits) : digits == 3 else { return body(nil) }
        groups += 1
        digits = 0
        continue
      }
      let isDigit = byte >= 0x30 && byte <= 0x39
      // The mark may be the first of it, as in ,5.
      if isWhole, !isDigit, digits > 0 || byte == decimalMark {
        if groups > 0, digits != 3 { return body(nil) }
        isWhole = false
      }
      if isDigit { digits += 1 }
      if byte == UInt8(ascii: "."), decimalMark != byte { return body(nil) }
      usual.append(byte == decimalMark ? UInt8(ascii: ".") : byte)
    }
    if isWhole, groups > 0, digits != 3 { return body(nil) }
    return usual.withUnsafeBytes { body($0) }
  }
}
