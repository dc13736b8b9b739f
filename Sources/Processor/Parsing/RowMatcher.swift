import Schema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A job's filter in terms of one file's columns.
struct RowMatcher: Sendable {
  private indirect enum Condition: Sendable {
    case number(column: Int, RowFilter.Comparison, DecimalNumber)
    case text(column: Int, RowFilter.Comparison, [UInt8])
    case isIn(column: Int, numbers: Set<[UInt64]>, texts: Set<[UInt8]>)
    case prefix(column: Int, [UInt8])
    case isNull(column: Int)
    case all([Condition])
    case any([Condition])
    case not(Condition)
  }

  /// One of the filter's columns, and its value in the row at hand.
  struct Field {
    var text = UnsafeRawBufferPointer(start: nil, count: 0)
    var number: DecimalNumber?
    var isNull = false
  }

  struct Column: Sendable {
    var index: Int
    var name: String
    var isNumber: Bool
  }

  /// The columns that the filter looks at, each once.
  let columns: [Column]
  private let condition: Condition

  /// - Throws: ``JobFailure`` when a column isn't there, or a number isn't one.
  init(
    _ filter: RowFilter, header: CSVHeader, file: String, nulls: [[UInt8]], numbers: NumberFormat
  ) throws(JobFailure) {
    var columns: [Column] = []
    condition = try RowMatcher.compile(filter, &columns, header, file)
    self.columns = columns
  }

  private static func compile(
    _ filter: RowFilter, _ columns: inout [Column], _ header: CSVHeader, _ file: String
  ) throws(JobFailure) -> Condition {
    switch filter {
    case .compare(let name, let comparison, .number(let text)):
      let column = try place(of: name, isNumber: true, &columns, header, file)
      return .number(column: column, comparison, try number(text))
    case .compare(let name, let comparison, .text(let text)):
      return .text(column: try place(of: name, isNumber: false, &columns, header, file), comparison, Array(text.utf8))
    case .isIn(let name, let values):
      var numbers: Set<[UInt64]> = []
      var texts: Set<[UInt8]> = []
      for value in values {
        switch value {
        case .number(let text): numbers.insert(limbs(try number(text)))
        case .text(let text): texts.insert(Array(text.utf8))
        }
      }
      let column = try place(of: name, isNumber: !numbers.isEmpty, &columns, header, file)
      return .isIn(column: column, numbers: numbers, texts: texts)
    case .prefix(let name, let text):
      return .prefix(column: try place(of: name, isNumber: false, &columns, header, file), Array(text.utf8))
    case .isNull(let name): return .isNull(column: try place(of: name, isNumber: false, &columns, header, file))
    case .and(let filters): return .all(try compileAll(filters, &columns, header, file))
    case .or(let filters): return .any(try compileAll(filters, &columns, header, file))
    case .not(let filter): return .not(try compile(filter, &columns, header, file))
    }
  }

  private static func compileAll(
    _ filters: [RowFilter], _ columns: inout [Column], _ header: CSVHeader, _ file: String
  ) throws(JobFailure) -> [Condition] {
    var conditions: [Condition] = []
    for filter in filters { conditions.append(try compile(filter, &columns, header, file)) }
    return conditions
  }

  private static func place(
    of name: String, isNumber: Bool, _ columns: inout [Column], _ header: CSVHeader, _ file: String
  ) throws(JobFailure) -> Int {
    let index = try header.index(of: name, file: file)
    if let found = columns.firstIndex(where: { $0.index == index }) {
      columns[found].isNumber = columns[found].isNumber || isNumber
      return found
    }
    columns.append(Column(index: index, name: name, isNumber: isNumber))
    return columns.count - 1
  }

  private static func number(_ text: String) throws(JobFailure) -> DecimalNumber {
    if let number = Array(text.utf8).withUnsafeBytes({ NumberParser.parse($0) }) { return number }
    throw JobFailure(
      .invalidArgument, reason: "NOT_A_NUMBER",
      "'\(text)' in 'where' is not a number of at most 38 digits, 18 of them after the point.")
  }

  /// Whether the row whose fields these are, in the order of ``columns``, is one that is looked at.
  func matches(_ fields: UnsafePointer<Field>) -> Bool { RowMatcher.holds(condition, fields) }

  private static func holds(_ condition: Condition, _ fields: UnsafePointer<Field>) -> Bool {
    switch condition {
    case .number(let column, let comparison, let value):
      guard !fields[column].isNull, let number = fields[column].number else { return false }
      return holds(comparison, order(number, value))
    case .text(let column, let comparison, let value):
      guard !fields[column].isNull else { return false }
      return holds(comparison, value.withUnsafeBytes { order(fields[column].text, $0) })
    case .isIn(let column, let numbers, let texts):
      guard !fields[column].isNull else { return false }
      let field = fields[column]
      if let number = field.number, numbers.contains(limbs(number)) { return true }
      return !texts.isEmpty && texts.contains(Array(field.text))
    case .prefix(let column, let value):
      return !fields[column].isNull && fields[column].text.starts(with: value)
    case .isNull(let column): return fields[column].isNull
    case .all(let conditions): return conditions.allSatisfy { holds($0, fields) }
    case .any(let conditions): return conditions.contains { holds($0, fields) }
    case .not(let condition): return !holds(condition, fields)
    }
  }

  private static func holds(_ comparison: RowFilter.Comparison, _ order: Int) -> Bool {
    switch comparison {
    case .equal: order == 0
    case .notEqual: order != 0
    case .less: order < 0
    case .atMost: order <= 0
    case .greater: order > 0
    case .atLeast: order >= 0
    }
  }

  private static func order(_ left: DecimalNumber, _ right: DecimalNumber) -> Int {
    if left.scale == right.scale { return left.mantissa < right.mantissa ? -1 : left.mantissa > right.mantissa ? 1 : 0 }
    let (a, b) = (wide(left), wide(right))
    return a < b ? -1 : b < a ? 1 : 0
  }

  /// Equal for equal numbers, whatever their scales are.
  private static func limbs(_ number: DecimalNumber) -> [UInt64] {
    let wide = wide(number).limbs
    return [wide.0, wide.1, wide.2, wide.3]
  }

  private static func wide(_ number: DecimalNumber) -> Int256 {
    Int256(number.mantissa).scaled(byPowerOfTen: DecimalNumber.scaleLimit - Int(number.scale))
  }

  private static func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    KeyCodec.isLess(left, right) ? -1 : KeyCodec.isLess(right, left) ? 1 : 0
  }
}
