/// A choice by name that travels: a name that only a newer program knows is kept as it is, and is no error.
public protocol OpenChoice: RawRepresentable<String>, CaseIterable, Hashable, Sendable, JSONConvertible {
  /// A name that isn't among `allCases`.
  static func other(_ name: String) -> Self
}

extension OpenChoice {
  /// Nil: the name isn't among `allCases`.
  public init?(rawValue: String) { self.init(named: rawValue) }

  /// - Throws: ``JSONFieldError`` when it is no string.
  public init(json: JSONValue) throws {
    let name = try String(json: json)
    self = Self(named: name) ?? .other(name)
  }

  /// The JSON form.
  public var json: JSONValue { .string(rawValue) }
  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue { JSONSchema.choice(allCases.map(\.rawValue)) }

  /// Refuses a name that isn't among `allCases`: for what callers send, which nobody newer has named.
  ///
  /// - Throws: ``JSONFieldError`` of that field, which lists them.
  func mustBeKnown(field: String) throws {
    let _: Self = try JSONChoice.read(field, rawValue)
  }
}
