/// One aggregate of a job: a function over a column's values in each group.
public struct Aggregate: Hashable, Sendable {
  /// What is computed of a group's values.
  public enum Function: String, CaseIterable, Sendable {
    /// The exact sum.
    case sum
    /// The number of rows, or of the column's values that aren't null.
    case count
    /// The least value.
    case min
    /// The greatest value.
    case max
    /// The mean, exact until it is rounded once.
    case avg
    /// The number of different values.
    case countDistinct
    /// The first value in the order of the files.
    case first
    /// The last value in the order of the files.
    case last
    /// The number in the middle, or the mean of the two that are.
    case median
    /// The variance of a sample.
    case variance
    /// The variance of a population.
    case variancePop
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

  /// What is computed.
  public var function: Function
  /// The column's exact name in the header. Only `count` may leave it out, and then counts rows.
  public var column: String?
  /// The name of the output column.
  public var name: String
  /// By default ``Function/defaultType``.
  public var type: ValueType

  /// An aggregate with these properties.
  ///
  /// - Parameters:
  ///   - name: of the output column; nil: `function(column)`.
  ///   - type: nil: the function's ``Function/defaultType``.
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

  /// The type of a function whose request names none.
  public var defaultType: Aggregate.ValueType { types[0] }
}

extension Aggregate: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
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

  /// The JSON form.
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
