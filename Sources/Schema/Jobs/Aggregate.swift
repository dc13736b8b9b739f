/// One aggregate of a job: a function over a column's values in each group.
public struct Aggregate: Hashable, Sendable {
  public enum Function: String, CaseIterable, Sendable {
    case sum, count, min, max, avg
  }

  public var function: Function
  /// The column's exact name in the header. Only `count` may leave it out, and then counts rows.
  public var column: String?
  /// The name of the output column.
  public var name: String

  public init(_ function: Function, column: String?, as name: String? = nil) {
    self.function = function
    self.column = column
    self.name = name ?? "\(function.rawValue)(\(column ?? "*"))"
  }
}

extension Aggregate: JSONConvertible {
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "an aggregate")
    let name: String = try fields.required("function")
    guard let function = Function(rawValue: name) else {
      let known = Function.allCases.map(\.rawValue).joined(separator: ", ")
      throw JSONFieldError(field: "function", rule: "must be one of \(known), not '\(name)'")
    }
    let column: String? = try fields.optional("column")
    if column == nil, function != .count { throw JSONFieldError(field: "column", rule: "is required for \(name)") }
    if let type: String = try fields.optional("type"), type != "number" {
      throw JSONFieldError(field: "type", rule: "must be \"number\" in this version, not '\(type)'")
    }
    self.init(function, column: column, as: try fields.optional("as"))
    try fields.refuseTheRest()
  }

  public var json: JSONValue {
    var members = [JSONMember("function", .string(function.rawValue))]
    if let column { members.append(JSONMember("column", .string(column))) }
    members.append(JSONMember("as", .string(name)))
    return .object(members)
  }
}
