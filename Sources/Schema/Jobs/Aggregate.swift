/// One aggregate of a job: a function over a column's values in each group.
public struct Aggregate: Hashable, Sendable {
  public enum Function: String, CaseIterable, Sendable {
    case sum, count, min, max, avg, countDistinct, first, last, median, variance, variancePop
  }

  /// What a column's values are taken for.
  public enum ValueType: String, CaseIterable, Sendable {
    /// Exact decimal numbers of up to 38 digits.
    case number
    /// Their bytes.
    case text
    /// IEEE 754 numbers of 64 bits.
    case double
  }

  public var function: Function
  /// The column's exact name in the header. Only `count` may leave it out, and then counts rows.
  public var column: String?
  /// The name of the output column.
  public var name: String
  /// By default ``Function/defaultType``.
  public var type: ValueType

  public init(_ function: Function, column: String?, as name: String? = nil, type: ValueType? = nil) {
    self.function = function
    self.column = column
    self.name = name ?? "\(function.rawValue)(\(column ?? "*"))"
    self.type = type ?? function.defaultType
  }
}

extension Aggregate.Function {
  /// The types that a function takes, the default first.
  public var types: [Aggregate.ValueType] {
    switch self {
    case .sum, .avg: [.number, .double]
    case .min, .max: [.number, .text, .double]
    case .countDistinct: [.text, .number]
    case .count, .first, .last: [.text]
    case .median, .variance, .variancePop: [.number]
    }
  }

  public var defaultType: Aggregate.ValueType { types[0] }
}

extension Aggregate: JSONConvertible {
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "an aggregate")
    let function: Function = try JSONChoice.read("function", try fields.required("function"))
    let column: String? = try fields.optional("column")
    if column == nil, function != .count {
      throw JSONFieldError(field: "column", rule: "is required for \(function.rawValue)")
    }
    var type: ValueType?
    if let text: String = try fields.optional("type") {
      let known: ValueType = try JSONChoice.read("type", text)
      guard function.types.contains(known) else {
        let types = function.types.map(\.rawValue).joined(separator: ", ")
        throw JSONFieldError(field: "type", rule: "must be one of \(types) for \(function.rawValue), not '\(text)'")
      }
      type = known
    }
    self.init(function, column: column, as: try fields.optional("as"), type: type)
    try fields.refuseTheRest()
  }

  public var json: JSONValue {
    var members = [JSONMember("function", .string(function.rawValue))]
    if let column { members.append(JSONMember("column", .string(column))) }
    members.append(JSONMember("as", .string(name)))
    if type != function.defaultType { members.append(JSONMember("type", .string(type.rawValue))) }
    return .object(members)
  }
}

/// Reads a text that is one of an enumeration's.
enum JSONChoice {
  /// - Throws: ``JSONFieldError``, which lists them.
  static func read<Value: RawRepresentable<String> & CaseIterable>(_ field: String, _ text: String) throws -> Value {
    if let value = Value(named: text) { return value }
    let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
    throw JSONFieldError(field: field, rule: "must be one of \(known), not '\(Excerpt.of(text))'")
  }
}
