/// Which rows a job looks at.
///
/// A comparison is of numbers where its value is a JSON number, and of bytes where it is a string. A null (`csv.null`)
/// is neither less nor equal nor greater than anything: only `isNull` and what is negated hold for it.
public indirect enum RowFilter: Hashable, Sendable {
  /// How a value is compared.
  public enum Comparison: String, CaseIterable, Sendable {
    /// The value is the same.
    case equal = "="
    /// The value is another.
    case notEqual = "!="
    /// The column's value comes before.
    case less = "<"
    /// The column's value comes before, or is the same.
    case atMost = "<="
    /// The column's value comes behind.
    case greater = ">"
    /// The column's value comes behind, or is the same.
    case atLeast = ">="
  }

  /// What a column's value is compared with.
  public enum Value: Hashable, Sendable {
    /// The number's JSON text.
    case number(String)
    /// Compared by its bytes.
    case text(String)
  }

  /// The column's value stands so to this one; a null never does.
  case compare(column: String, Comparison, Value)
  /// The column's value is one of these; a null never is.
  case isIn(column: String, [Value])
  /// The column's value begins with these bytes.
  case prefix(column: String, String)
  /// The column's value is one of the dialect's nulls.
  case isNull(column: String)
  /// All of these hold.
  case and([RowFilter])
  /// One of these holds.
  case or([RowFilter])
  /// This doesn't hold.
  case not(RowFilter)

  /// The columns that it names, each once, in the order of the filter.
  public var columns: [String] {
    switch self {
    case .compare(let column, _, _), .isIn(let column, _), .prefix(let column, _), .isNull(let column): return [column]
    case .and(let all), .or(let all):
      var seen: Set<UTF8Key> = []
      return all.flatMap(\.columns).filter { seen.insert(UTF8Key($0)).inserted }
    case .not(let filter): return filter.columns
    }
  }
}

extension RowFilter: JSONConvertible {
  private static let operators = Comparison.allCases.map(\.rawValue) + ["in", "prefix", "isNull"]

  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a condition")
    if let all: [RowFilter] = try fields.optional("and") {
      self = .and(try RowFilter.notEmpty(all, "and"))
    } else if let any: [RowFilter] = try fields.optional("or") {
      self = .or(try RowFilter.notEmpty(any, "or"))
    } else if let filter: RowFilter = try fields.optional("not") {
      self = .not(filter)
    } else {
      self = try RowFilter.comparison(&fields)
    }
    try fields.refuseTheRest()
  }

  private static func notEmpty(_ filters: [RowFilter], _ field: String) throws -> [RowFilter] {
    if filters.isEmpty { throw JSONFieldError(field: field, rule: "must hold a condition") }
    return filters
  }

  private static func comparison(_ fields: inout JSONFields) throws -> RowFilter {
    let column: String = try fields.required("column")
    let name: String = try fields.required("op")
    switch name {
    case "isNull": return .isNull(column: column)
    case "prefix": return .prefix(column: column, try fields.required("value"))
    case "in":
      let values: [Value] = try fields.required("value")
      if values.isEmpty { throw JSONFieldError(field: "value", rule: "must hold a value") }
      return .isIn(column: column, values)
    default:
      guard let comparison = Comparison(named: name) else {
        let known = operators.joined(separator: ", ")
        throw JSONFieldError(field: "op", rule: "must be one of \(known), not '\(Excerpt.of(name))'")
      }
      return .compare(column: column, comparison, try fields.required("value"))
    }
  }

  /// The JSON form.
  public var json: JSONValue {
    switch self {
    case .compare(let column, let comparison, let value):
      ["column": .string(column), "op": .string(comparison.rawValue), "value": value.json]
    case .isIn(let column, let values): ["column": .string(column), "op": "in", "value": values.json]
    case .prefix(let column, let text): ["column": .string(column), "op": "prefix", "value": .string(text)]
    case .isNull(let column): ["column": .string(column), "op": "isNull"]
    case .and(let all): ["and": all.json]
    case .or(let any): ["or": any.json]
    case .not(let filter): ["not": filter.json]
    }
  }
}

extension RowFilter.Value: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    switch json {
    case .number(let text): self = .number(text)
    case .string, .unpairedSurrogate: self = .text(try String(json: json))
    default: throw JSONFieldError(field: "", rule: "must be a number or a string, not \(json.kind)")
    }
  }

  /// The JSON form.
  public var json: JSONValue {
    switch self {
    case .number(let text): .number(text)
    case .text(let text): .string(text)
    }
  }
}

/// One column to order the output by.
public struct OrderTerm: Hashable, Sendable, JSONConvertible {
  /// An output column's name.
  public var column: String
  /// The greatest comes first.
  public var descending: Bool

  /// A term with these properties.
  public init(column: String, descending: Bool = false) {
    self.column = column
    self.descending = descending
  }

  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "an order")
    self.init(column: try fields.required("column"), descending: try fields.optional("descending") ?? false)
    try fields.refuseTheRest()
  }

  /// The JSON form.
  public var json: JSONValue { ["column": .string(column), "descending": .bool(descending)] }

  /// Equal are equal bytes: characters that look alike are not.
  public static func == (left: OrderTerm, right: OrderTerm) -> Bool {
    left.descending == right.descending && left.column.hasSameBytes(as: right.column)
  }

  /// Hashes the bytes that are compared.
  public func hash(into hasher: inout Hasher) {
    column.hashBytes(into: &hasher)
    hasher.combine(descending)
  }
}
