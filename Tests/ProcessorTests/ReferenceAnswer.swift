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
          if byte != dialect.quote {
            field.append(byte)
          } else if bytes.first == dialect.quote {
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
      fields.append(field + tail)
      guard end == dialect.delimiter else { break }
    }
    let isBlank = start.first == 0x0A || start.starts(with: [0x0D, 0x0A])
    return (fields, isBad, isBlank)
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
        filter.columns.allSatisfy({ String(validating: fields[places[$0] ?? 0], as: UTF8.self) != nil }),
        !ReferenceAnswer.holds(filter, fields, places, nulls)
      {
        used += 1
        continue
      }
      guard case .fields(let fields) = row,
        (spec.filter?.columns ?? []).allSatisfy({ String(validating: fields[places[$0] ?? 0], as: UTF8.self) != nil }),
        let values = ReferenceAnswer.values(spec, fields, places, nulls),
        spec.groupBy.allSatisfy({ String(validating: fields[places[$0] ?? 0], as: UTF8.self) != nil })
      else {
        bad += 1
        continue
      }
      used += 1
      if let filter = spec.filter, !ReferenceAnswer.holds(filter, fields, places, nulls) { continue }
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
      lines.append(key + zip(spec.aggregates, states).map { $1.bytes($0) })
    }
    output = lines.flatMap { ReferenceAnswer.line($0, spec.csv) }
  }

  private static func order(_ left: Field, _ right: Field) -> Int {
    left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
  }

  private static func holds(_ filter: RowFilter, _ fields: [Field], _ places: [String: Int], _ nulls: [Field]) -> Bool {
    func field(_ column: String) -> Field? {
      let field = fields[places[column] ?? 0]
      return nulls.contains(field) ? nil : field
    }
    switch filter {
    case .and(let all): return all.allSatisfy { holds($0, fields, places, nulls) }
    case .or(let any): return any.contains { holds($0, fields, places, nulls) }
    case .not(let filter): return !holds(filter, fields, places, nulls)
    case .isNull(let column): return field(column) == nil
    case .prefix(let column, let text): return field(column)?.starts(with: Array(text.utf8)) ?? false
    case .isIn(let column, let values):
      return values.contains { holds(.compare(column: column, .equal, $0), fields, places, nulls) }
    case .compare(let column, let comparison, let value):
      guard let field = field(column) else { return false }
      let order: Int
      switch value {
      case .text(let text): order = ReferenceAnswer.order(field, Array(text.utf8))
      case .number(let text):
        guard case .number(let left, _)? = number(field), case .number(let right, _)? = number(Array(text.utf8)) else {
          return false
        }
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
        guard let number = number(field) else { return nil }
        values.append(number)
      }
    }
    return values
  }

  /// `[+-]?digits[.digits][e[+-]digits]` with spaces around it.
  static func number(_ field: Field) -> Accumulator.Value? {
    let text = String(decoding: field, as: UTF8.self)
    guard let match = text.wholeMatch(of: #/ *([+-]?)([0-9]+)(?:\.([0-9]+))? */#) else { return nil }
    let fraction = match.3.map(String.init) ?? ""
    let digits = match.2.drop { $0 == "0" }.count + fraction.count
    guard fraction.count <= 18, digits <= 38, let value = Decimal(string: "\(match.1)\(match.2).\(fraction)0") else {
      return nil
    }
    return .number(value, scale: fraction.count)
  }

  private static func line(_ fields: [Field], _ dialect: CSVDialect) -> [UInt8] {
    let special: Set<UInt8> = [dialect.delimiter, dialect.quote, 0x0A, 0x0D]
    let texts = fields.map { field -> [UInt8] in
      let isQuoted = field.contains { special.contains($0) } || (fields.count == 1 && field.isEmpty)
      guard isQuoted else { return field }
      return [dialect.quote] + field.flatMap { $0 == dialect.quote ? [$0, $0] : [$0] } + [dialect.quote]
    }
    return Array(texts.joined(separator: [dialect.delimiter])) + [0x0A]
  }
}

/// The state of one aggregate of one group.
struct Accumulator {
  enum Value: Equatable {
    case row
    case null
    case number(Decimal, scale: Int)
  }

  private var count = 0
  private var total = Decimal(0)
  private var squares = Decimal(0)
  private var numbers: [Decimal] = []
  private var scale = 0
  private var least: Decimal?
  private var greatest: Decimal?
  private var texts: [[UInt8]] = []
  private var distinctNumbers: Set<Decimal> = []

  func isNull(_ aggregate: Aggregate) -> Bool {
    switch aggregate.function {
    case .count, .countDistinct: false
    case .variance: count < 2
    default: count == 0
    }
  }

  mutating func add(_ value: Value, text: [UInt8]) {
    if value != .null { texts.append(text) }
    if case .number(let number, _) = value { distinctNumbers.insert(number) }
    switch value {
    case .null: return
    case .row: count += 1
    case .number(let number, let scale):
      count += 1
      total += number
      squares += number * number
      numbers.append(number)
      self.scale = max(self.scale, scale)
      least = min(least ?? number, number)
      greatest = max(greatest ?? number, number)
    }
  }

  func order(_ other: Accumulator, _ aggregate: Aggregate) -> Int {
    if aggregate.function == .count { return count < other.count ? -1 : count > other.count ? 1 : 0 }
    if aggregate.type == .text, aggregate.function != .countDistinct {
      let (a, b) = (bytes(aggregate), other.bytes(aggregate))
      return a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
    }
    let (a, b) = (Decimal(string: text(aggregate)) ?? 0, Decimal(string: other.text(aggregate)) ?? 0)
    return a < b ? -1 : a > b ? 1 : 0
  }

  func bytes(_ aggregate: Aggregate) -> [UInt8] {
    switch (aggregate.function, aggregate.type) {
    case (.first, _): texts.first ?? []
    case (.last, _): texts.last ?? []
    case (.min, .text): texts.min { $0.lexicographicallyPrecedes($1) } ?? []
    case (.max, .text): texts.max { $0.lexicographicallyPrecedes($1) } ?? []
    default: Array(text(aggregate).utf8)
    }
  }

  func json(_ aggregate: Aggregate) -> JSONValue {
    if isNull(aggregate) { return .null }
    let isText = aggregate.type == .text && ![.count, .countDistinct].contains(aggregate.function)
    return isText ? .string(String(decoding: bytes(aggregate), as: UTF8.self)) : .number(text(aggregate))
  }

  func text(_ aggregate: Aggregate) -> String {
    switch aggregate.function {
    case .countDistinct: String(aggregate.type == .number ? distinctNumbers.count : Set(texts).count)
    case .first, .last: ""
    case .count: String(count)
    case .sum: count == 0 ? "" : Accumulator.text(total, places: scale)
    case .min: least.map { Accumulator.text($0, places: scale) } ?? ""
    case .max: greatest.map { Accumulator.text($0, places: scale) } ?? ""
    case .avg: count == 0 ? "" : rounded(total / Decimal(count))
    case .median: count == 0 ? "" : rounded(median)
    case .variance: count < 2 ? "" : rounded(variance / Decimal(count * (count - 1)))
    case .variancePop: count == 0 ? "" : rounded(variance / Decimal(count * count))
    }
  }

  /// What is divided: exact in 38 digits for the numbers of these tests.
  private var variance: Decimal { Decimal(count) * squares - total * total }

  private var median: Decimal {
    let sorted = numbers.sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }

  private func rounded(_ exact: Decimal) -> String {
    var exact = exact
    var rounded = Decimal()
    NSDecimalRound(&rounded, &exact, max(6, scale), .bankers)
    return rounded.isZero ? "0" : "\(rounded)"
  }

  private static func text(_ value: Decimal, places: Int) -> String {
    var text = value.isZero ? "0" : "\(value)"
    if places == 0 { return text }
    if !text.contains(".") { text += "." }
    return text
      + String(repeating: "0", count: places - text.split(separator: ".", omittingEmptySubsequences: false)[1].count)
  }
}
