/// One parameter of a method, as `rpc.discover` and the command line's help tell it.
public struct RPCParameter: Hashable, Sendable {
  /// The parameter's name.
  public var name: String
  /// What it means, in a sentence.
  public var summary: String
  /// A JSON Schema (draft 7).
  public var schema: JSONValue
  /// A call without it is refused.
  public var isRequired: Bool

  /// A parameter with these properties.
  public init(_ name: String, _ summary: String, _ schema: JSONValue, required isRequired: Bool = false) {
    self.name = name
    self.summary = summary
    self.schema = schema
    self.isRequired = isRequired
  }
}

/// A value that a method gives: its JSON, and the schema of that.
public protocol RPCValue: JSONConvertible {
  /// A JSON Schema (draft 7).
  static var jsonSchema: JSONValue { get }
}

extension String: RPCValue {
  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue { JSONSchema.string }
}

extension JSONValue: RPCValue {
  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue { true }
}

/// The words of JSON Schema that the service needs.
public enum JSONSchema {
  /// A text.
  public static let string: JSONValue = ["type": "string"]
  /// A truth value.
  public static let boolean: JSONValue = ["type": "boolean"]
  /// A number.
  public static let number: JSONValue = ["type": "number"]
  /// A time as RFC 3339 has it.
  public static let time: JSONValue = ["type": "string", "format": "date-time"]

  /// A whole number from `least` on.
  public static func integer(_ least: Int = 0, most: Int? = nil) -> JSONValue {
    var members = [JSONMember("type", "integer"), JSONMember("minimum", .number(least))]
    if let most { members.append(JSONMember("maximum", .number(most))) }
    return .object(members)
  }

  /// An array of such items.
  public static func list(of item: JSONValue) -> JSONValue { ["type": "array", "items": item] }

  /// One of these texts.
  public static func choice(_ names: [String]) -> JSONValue { ["type": "string", "enum": names.json] }

  /// An object with these members, of which some must be there.
  public static func object(_ members: [(String, JSONValue)], required: [String]) -> JSONValue {
    [
      "type": "object", "properties": .object(members.map { JSONMember($0.0, $0.1) }), "required": required.json,
    ]
  }

  /// A schema among the document's components.
  public static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }
}
