/// Why a field isn't a number, for people.
enum NumberProblem: Equatable {
  /// It isn't written as one.
  case form
  /// As `form`, with a comma where a number may have a point, or groups of digits.
  case comma
  /// More digits than an exact number has.
  case digits(Int)
  /// More of them after the point.
  case places(Int)
  /// It is out of a double's range.
  case range

  /// Looks at a field that ``NumberFormat`` has refused.
  init(_ field: UnsafeRawBufferPointer, isDouble: Bool) {
    if isDouble {
      self = NumberProblem.hasForm(field) ? .range : NumberProblem(form: field)
      return
    }
    var text = Array(field)[...]
    while text.first == 0x20 { text.removeFirst() }
    while text.last == 0x20 { text.removeLast() }
    guard NumberProblem.hasForm(field) else {
      self = NumberProblem(form: field)
      return
    }
    let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 | 0x20 == UInt8(ascii: "e") }
    let digits = parts[0].filter { (0x30...0x39).contains($0) }
    let significant = digits.drop { $0 == 0x30 }.count
    let point = parts[0].firstIndex(of: UInt8(ascii: "."))
    let exponent = parts.count > 1 ? NumberProblem.exponent(parts[1]) : 0
    let places = (point.map { parts[0].endIndex - $0 - 1 } ?? 0) - exponent
    let whole = places < 0 ? significant - places : significant
    self = places > DecimalNumber.scaleLimit && whole <= DecimalNumber.digitsLimit ? .places(places) : .digits(whole)
  }

  /// An exponent of any length; beyond a million, a million.
  private static func exponent(_ text: ArraySlice<UInt8>) -> Int {
    let isNegative = text.first == UInt8(ascii: "-")
    let digits = text.drop { !(0x31...0x39).contains($0) }
    let size = digits.count > 6 ? 1_000_000 : digits.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    return isNegative ? -size : size
  }

  private init(form field: UnsafeRawBufferPointer) {
    let isComma = field.contains(UInt8(ascii: ",")) && field.allSatisfy { "0123456789+-,. eE".utf8.contains($0) }
    self = isComma ? .comma : .form
  }

  /// Whether the field is written as a number, however long it is.
  private static func hasForm(_ field: UnsafeRawBufferPointer) -> Bool { NumberParser.isNumber(field) }

  /// What was wrong and what to do, without a full stop.
  func sentence(text: String, column: String) -> String {
    let place = "(column \"\(column)\")"
    switch self {
    case .form:
      return "'\(text)' is not a number \(place): a number is digits with at most one point, such as -12.5 or 3e8"
    case .comma:
      return
        "'\(text)' is not a number \(place): it has a comma. Say with csv.decimalMark or csv.thousandsMark what that means"
    case .digits(let count):
      return
        "'\(text)' has \(count) digits, and an exact number has at most \(DecimalNumber.digitsLimit) \(place). Aggregate the "
        + "column with type: \"double\" if it needn't be exact"
    case .places(let count):
      return
        "'\(text)' has \(count) digits after the point, and an exact number has at most \(DecimalNumber.scaleLimit) there "
        + "\(place). Aggregate the column with type: \"double\" if it needn't be exact"
    case .range: return "'\(text)' is larger than a double can be \(place)"
    }
  }
}
