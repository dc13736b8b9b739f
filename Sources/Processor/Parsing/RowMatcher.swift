import TallySchema

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
    case isIn(column: Int, numbers: Set<Int256>, texts: TextSet)
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
  /// How many comparisons there are.
  let conditions: Int
  private let condition: Condition

  /// - Throws: ``JobFailure`` when a column isn't there, or a number isn't one.
  init(_ filter: RowFilter, header: HeaderIndex, file: String) throws(JobFailure) {
    var compiler = Compiler(header: header, file: file)
    condition = try compiler.compile(filter)
    columns = compiler.columns
    conditions = compiler.conditions
  }

  /// Turns a filter's names into places.
  private struct Compiler {
    let header: HeaderIndex
    let file: String
    private(set) var columns: [Column] = []
    private(set) var conditions = 0
    /// Which of the columns is one of the header's.
    private var known: [Int: Int] = [:]

    init(header: HeaderIndex, file: String) { (self.header, self.file) = (header, file) }

    mutating func compile(_ filter: RowFilter) throws(JobFailure) -> Condition {
      conditions += 1
      switch filter {
      case .compare(let name, let comparison, .number(let text)):
        return .number(column: try place(of: name, isNumber: true), comparison, try RowMatcher.number(text))
      case .compare(let name, let comparison, .text(let text)):
        return .text(column: try place(of: name, isNumber: false), comparison, Array(text.utf8))
      case .isIn(let name, let values): return try isIn(name, values)
      case .prefix(let name, let text): return .prefix(column: try place(of: name, isNumber: false), Array(text.utf8))
      case .isNull(let name): return .isNull(column: try place(of: name, isNumber: false))
      case .and(let filters): return .all(try compileAll(filters))
      case .or(let filters): return .any(try compileAll(RowMatcher.joined(filters)))
      case .not(let filter): return .not(try compile(filter))
      }
    }

    private mutating func compileAll(_ filters: [RowFilter]) throws(JobFailure) -> [Condition] {
      var compiled: [Condition] = []
      for filter in filters { compiled.append(try compile(filter)) }
      return compiled
    }

    private mutating func isIn(_ name: String, _ values: [RowFilter.Value]) throws(JobFailure) -> Condition {
      var numbers: Set<Int256> = []
      var texts: [[UInt8]] = []
      for value in values {
        switch value {
        case .number(let text): numbers.insert(try RowMatcher.number(text).widened)
        case .text(let text): texts.append(Array(text.utf8))
        }
      }
      let column = try place(of: name, isNumber: !numbers.isEmpty)
      return .isIn(column: column, numbers: numbers, texts: TextSet(texts))
    }

    private mutating func place(of name: String, isNumber: Bool) throws(JobFailure) -> Int {
      let index = try header.place(of: name, file: file)
      let place = known[index] ?? columns.count
      if place == columns.count {
        known[index] = place
        columns.append(Column(index: index, name: name, isNumber: false))
      }
      if isNumber { columns[place].isNumber = true }
      return place
    }
  }

  /// The same alternatives, with those that compare one column for equality as one `in`: a row is looked up once, however
  /// many values there are.
  private static func joined(_ filters: [RowFilter]) -> [RowFilter] {
    var values: [UTF8Key: [RowFilter.Value]] = [:]
    var order: [UTF8Key] = []
    var others: [RowFilter] = []
    for filter in filters {
      switch filter {
      case .compare(let column, .equal, let value):
        if values[UTF8Key(column)] == nil { order.append(UTF8Key(column)) }
        values[UTF8Key(column), default: []].append(value)
      case .isIn(let column, let several):
        if values[UTF8Key(column)] == nil { order.append(UTF8Key(column)) }
        values[UTF8Key(column), default: []] += several
      default: others.append(filter)
      }
    }
    return order.map { .isIn(column: $0.text, values[$0] ?? []) } + others
  }

  private static func number(_ text: String) throws(JobFailure) -> DecimalNumber {
    if let number = Array(text.utf8).withUnsafeBytes({ NumberParser.parse($0) }) { return number }
    throw JobFailure(
      .invalidArgument, reason: "NOT_A_NUMBER",
      "'\(Excerpt.of(text))' in 'where' can't be compared: a number has at most 38 digits, 28 of them after the point.")
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
      if let number = field.number, numbers.contains(number.widened) { return true }
      return texts.contains(field.text)
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
    let (a, b) = (left.widened, right.widened)
    return a < b ? -1 : b < a ? 1 : 0
  }

  private static func order(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    KeyCodec.isLess(left, right) ? -1 : KeyCodec.isLess(right, left) ? 1 : 0
  }
}
