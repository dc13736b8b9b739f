import Foundation
import TallySchema

/// The answer to a job by the simplest means there are: byte by byte, a dictionary, `Decimal`. What the processor is
/// compared with. It knows nothing of blocks, threads or memory.
struct ReferenceAnswer {
  typealias Field = [UInt8]

  /// One row: its fields, or what is wrong with it.
  enum Row: Equatable {
    case fields([Field])
    case bad
  }

  var output: [UInt8]
  var badRows: Int
  var rows: Int

  /// The rows after the header; blank lines are none, unless there is only one column.
  static func rows(_ bytes: [UInt8], dialect: CSVDialect) -> (header: [Field], rows: [Row]) {
    var bytes = bytes[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var records: [(fields: [Field], isBad: Bool, isBlank: Bool)] = []
    while !bytes.isEmpty { records.append(takeRecord(&bytes, dialect)) }
    let header = records.removeFirst().fields
    let rows = records.compactMap { record -> Row? in
      if record.isBlank, header.count != 1 { return nil }
      return record.isBad || record.fields.count != header.count ? .bad : .fields(record.fields)
    }
    return (header, rows)
  }

  private static func takeRecord(
    _ bytes: inout ArraySlice<UInt8>, _ dialect: CSVDialect
  ) -> (fields: [Field], isBad: Bool, isBlank: Bool) {
    var fields: [Field] = []
    var isBad = false
    let start = bytes
    while true {
      var field: Field = []
      var wasQuoted = false
      if bytes.first == dialect.quote {
        wasQuoted = true
        bytes.removeFirst()
        var isClosed = false
        while let byte = bytes.popFirst() {
          if let escape = dialect.escape, byte == escape {
            field.append(bytes.popFirst() ?? escape)
          } else if byte != dialect.quote {
            field.append(byte)
          } else if dialect.escape == nil, bytes.first == dialect.quote {
            field.append(byte)
            bytes.removeFirst()
          } else {
            isClosed = true
            break
          }
        }
        if !isClosed { isBad = true }
      }
      var tail: Field = []
      while let byte = bytes.first, byte != dialect.delimiter, byte != 0x0A {
        tail.append(byte)
        bytes.removeFirst()
      }
      let end = bytes.popFirst()
      if end == 0x0A, tail.last == 0x0D { tail.removeLast() }
      if wasQuoted, !tail.isEmpty { isBad = true }
      if dialect.trim, !wasQuoted { tail = trimmed(tail) }
      fields.append(field + tail)
      guard end == dialect.delimiter else { break }
    }
    let isBlank = start.first == 0x0A || start.starts(with: [0x0D, 0x0A])
    return (fields, isBad, isBlank)
  }

  private static func trimmed(_ field: Field) -> Field {
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    return Array(field.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }

  init(_ spec: JobSpec, _ bytes: [UInt8]) throws {
    let (header, rows) = ReferenceAnswer.rows(bytes, dialect: spec.csv)
    let places = Dictionary(header.enumerated().map { (String(decoding: $1, as: UTF8.self), $0) }) { first, _ in first }
    let nulls = spec.csv.null.map { Array($0.utf8) }
    var groups: [[Field]: [Accumulator]] = [:]
    var bad = 0
    var used = 0
    for row in rows {
      // Of a row that isn't looked at, only its shape must be right.
      if case .fields(let fields) = row, let filter = spec.filter,
        ReferenceAnswer.canCompare(filter, fields, places, nulls, spec.csv),
        !ReferenceAnswer.holds(filter, fields, places, nulls, spec.csv)
      {
        used += 1
        continue
      }
      guard case .fields(let fields) = row,
        spec.filter.map({ ReferenceAnswer.canCompare($0, fields, places, nulls, spec.csv) }) ?? true,
        let values = ReferenceAnswer.values(spec, fields, places, nulls),
        spec.groupBy.allSatisfy({ String(validating: fields[places[$0] ?? 0], as: UTF8.self) != nil })
      else {
        bad += 1
        continue
      }
      used += 1
      if let filter = spec.filter, !ReferenceAnswer.holds(filter, fields, places, nulls, spec.csv) { continue }
      let key = spec.groupBy.map { fields[places[$0] ?? 0] }
      var states = groups[key] ?? spec.aggregates.map { _ in Accumulator() }
      for (index, value) in values.enumerated() {
        states[index].add(value, text: fields[spec.aggregates[index].column.flatMap { places[$0] } ?? 0])
      }
      groups[key] = states
    }
    self.rows = used
    badRows = bad
    let sorted = groups.sorted { left, right in
      for term in spec.orderBy {
        let place = spec.outputColumns.firstIndex(of: term.column) ?? 0
        let order: Int
        if place < spec.groupBy.count {
          order = ReferenceAnswer.order(left.key[place], right.key[place])
        } else {
          let (a, b) = (left.value[place - spec.groupBy.count], right.value[place - spec.groupBy.count])
          let aggregate = spec.aggregates[place - spec.groupBy.count]
          if a.isNull(aggregate) != b.isNull(aggregate) { return b.isNull(aggregate) }
          order = a.order(b, aggregate)
        }
        if order != 0 { return term.descending ? order > 0 : order < 0 }
      }
      for (a, b) in zip(left.key, right.key) where a != b { return a.lexicographicallyPrecedes(b) }
      return false
    }
    if spec.format == .ndjson {
      output = sorted.prefix(spec.limit ?? .max).flatMap { key, states in
        let keys = zip(spec.groupBy, key).map { JSONMember($0, .string(String(decoding: $1, as: UTF8.self))) }
        let answers = zip(spec.aggregates, states).map { JSONMember($0.name, $1.json($0)) }
        return Array(JSONValue.object(keys + answers).text.utf8) + [0x0A]
      }
      return
    }
    var lines = [spec.outputColumns.map { Array($0.utf8) }]
    for (key, states) in sorted.prefix(spec.limit ?? .max) {
      lines.append(
        key
          + zip(spec.aggregates, states).map { aggregate, state in
            let bytes = state.bytes(aggregate)
            return aggregate.type == .text ? bytes : bytes.map { $0 == 0x2E ? spec.csv.decimalMark : $0 }
          })
    }
    output = lines.flatMap { ReferenceAnswer.line($0, spec.csv) }
  }

  private static func order(_ left: Field, _ right: Field) -> Int {
    left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
  }

  /// Whether what a filter looks at is text, and a number where it is compared with one.
  private static func canCompare(
    _ filter: RowFilter, _ fields: [Field], _ places: [String: Int], _ nulls: [Field], _ dialect: CSVDialect
  ) -> Bool {
    func isNumber(_ column: String) -> Bool {
      let field = fields[places[column] ?? 0]
      return nulls.contains(field) || number(field, dialect) != nil
    }
    guard filter.columns.allSatisfy({ String(validating: fields[places[$0] ?? 0], as: UTF8.self) != nil }) else {
      return false
    }
    switch filter {
    case .and(let all), .or(let all): return all.allSatisfy { canCompare($0, fields, places, nulls, dialect) }
    case .not(let filter): return canCompare(filter, fields, places, nulls, dialect)
    case .compare(let column, _, .number): return isNumber(column)
    case .isIn(let column, let values):
      let hasNumber = values.contains { if case .number = $0 { true } else { false } }
      return !hasNumber || isNumber(column)
    case .compare, .prefix, .isNull: return true
    }
  }

  private static func holds(
    _ filter: RowFilter, _ fields: [Field], _ places: [String: Int], _ nulls: [Field], _ dialect: CSVDialect
  ) -> Bool {
    func field(_ column: String) -> Field? {
      let field = fields[places[column] ?? 0]
      return nulls.contains(field) ? nil : field
    }
    switch filter {
    case .and(let all): return all.allSatisfy { holds($0, fields, places, nulls, dialect) }
    case .or(let any): return any.contains { holds($0, fields, places, nulls, dialect) }
    case .not(let filter): return !holds(filter, fields, places, nulls, dialect)
    case .isNull(let column): return field(column) == nil
    case .prefix(let column, let text): return field(column)?.starts(with: Array(text.utf8)) ?? false
    case .isIn(let column, let values):
      return values.contains { holds(.compare(column: column, .equal, $0), fields, places, nulls, dialect) }
    case .compare(let column, let comparison, let value):
      guard let field = field(column) else { return false }
      let order: Int
      switch value {
      case .text(let text): order = ReferenceAnswer.order(field, Array(text.utf8))
      case .number(let text):
        guard case .number(let left, _)? = number(field, dialect),
          case .number(let right, _)? = number(Array(text.utf8), CSVDialect())
        else { return false }
        order = left < right ? -1 : left > right ? 1 : 0
      }
      switch comparison {
      case .equal: return order == 0
      case .notEqual: return order != 0
      case .less: return order < 0
      case .atMost: return order <= 0
      case .greater: return order > 0
      case .atLeast: return order >= 0
      }
    }
  }

  /// The value of each aggregate in a row; nil: the row is bad.
  private static func values(
    _ spec: JobSpec, _ fields: [Field], _ places: [String: Int], _ nulls: [Field]
  ) -> [Accumulator.Value]? {
    var values: [Accumulator.Value] = []
    for aggregate in spec.aggregates {
      guard let column = aggregate.column else {
        values.append(.row)
        continue
      }
      let field = fields[places[column] ?? 0]
      if nulls.contains(field) {
        values.append(.null)
      } else if aggregate.type == .text {
        guard String(validating: field, as: UTF8.self) != nil else { return nil }
        values.append(.row)
      } else {
        guard let number = number(field, spec.csv, isDouble: aggregate.type == .double) else { return nil }
        values.append(number)
      }
    }
    return values
  }

  /// `[+-]?(digits[.[digits]] | .digits)[e[+-]digits]` with spaces around it, in the dialect's marks.
  static func number(_ field: Field, _ dialect: CSVDialect, isDouble: Bool = false) -> Accumulator.Value? {
    let text = String(decoding: field, as: UTF8.self)
    guard let match = text.wholeMatch(of: #/ *([+-]?)([0-9]*[^0-9 eE+-]?[^ eE+-]*)(?:[eE]([+-]?[0-9]+))? */#) else {
      return nil
    }
    let marks = match.2.split(
      separator: Character(UnicodeScalar(dialect.decimalMark)), omittingEmptySubsequences: false)
    guard marks.count <= 2, let exponent = Int(match.3 ?? "0") else { return nil }
    var whole = String(marks[0])
    if let mark = dialect.thousandsMark.map({ Character(UnicodeScalar($0)) }), whole.contains(mark) {
      let groups = whole.split(separator: mark, omittingEmptySubsequences: false)
      guard (1...3).contains(groups[0].count), groups.dropFirst().allSatisfy({ $0.count == 3 }) else { return nil }
      whole = groups.joined()
    }
    let fraction = marks.count == 2 ? String(marks[1]) : ""
    guard !(whole + fraction).isEmpty, (whole + fraction).utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    let usual = "\(match.1)\(whole.isEmpty ? "0" : whole).\(fraction)0"
    if isDouble { return Double("\(usual)e\(exponent)").map { .double($0) } }
    let digits = (whole + fraction).drop { $0 == "0" }.count
    let scale = fraction.count - exponent
    guard scale <= 28, digits <= 38, digits == 0 || digits - min(scale, 0) <= 38,
      let value = Decimal(string: "\(usual)e\(exponent)")
    else { return nil }
    return .number(value, scale: max(scale, 0))
  }

  private static func line(_ fields: [Field], _ dialect: CSVDialect) -> [UInt8] {
    let special: Set<UInt8> = [dialect.delimiter, dialect.quote, 0x0A, 0x0D]
    let blanks: Set<UInt8> = [0x20, 0x09]
    let escape = dialect.escape ?? dialect.quote
    let texts = fields.map { field -> [UInt8] in
      let isTrimmed = dialect.trim && [field.first, field.last].contains { $0.map(blanks.contains) ?? false }
      let isQuoted = isTrimmed || field.contains { special.contains($0) } || (fields.count == 1 && field.isEmpty)
      guard isQuoted else { return field }
      return [dialect.quote] + field.flatMap { $0 == dialect.quote || $0 == escape ? [escape, $0] : [$0] }
        + [dialect.quote]
    }
    return Array(texts.joined(separator: [dialect.delimiter])) + [0x0A]
  }
}
