/// A JSON value (RFC 8259) that keeps what general decoders lose: numbers stay text, members keep their order and
/// their duplicates.
public enum JSONValue: Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// The number as it was written: `1`, `1.0`, `1e2` and `9007199254740993` come back unchanged.
  case number(String)
  /// A text.
  case string(String)
  /// A string that RFC 8259 allows but Unicode doesn't: an escaped surrogate without its pair. The raw text, with quotes.
  case unpairedSurrogate(String)
  /// An array.
  case array([JSONValue])
  /// An object, with its members in their order.
  case object([JSONMember])

  /// A whole number.
  public static func number(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

  /// A finite double as the shortest text that reads back the same; `null` for what JSON cannot say.
  public static func double(_ value: Double) -> JSONValue {
    value.isFinite ? .number("\(value)") : .null
  }

  /// The first member of that name in an object, else nil.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.hasSameBytes(as: name) }?.value
  }

  /// The item of an array; nil where there is none, or the value is no array.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let items) = self, items.indices.contains(index) else { return nil }
    return items[index]
  }

  /// The text; nil where the value is none.
  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// The truth value; nil where the value is none.
  public var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  /// The items; nil where the value is no array.
  public var array: [JSONValue]? {
    guard case .array(let items) = self else { return nil }
    return items
  }

  /// The number as an integer: also `1.0` and `1e2`, as JSON has one kind of number. Nil for a fraction, for what
  /// doesn't fit in 64 bits, and for every other kind of value.
  public var integer: Int64? {
    guard case .number(let text) = self else { return nil }
    if let exact = Int64(text) { return exact }
    guard let double = Double(text), let exact = Int64(exactly: double), exact.magnitude <= 1 << 53 else { return nil }
    return exact
  }

  /// The number as the nearest IEEE number; nil where the value is no number.
  public var double: Double? {
    guard case .number(let text) = self else { return nil }
    return Double(text)
  }

  /// What kind of value it is, in the words of RFC 8259, for messages.
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string, .unpairedSurrogate: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// One member of a JSON object.
public struct JSONMember: Sendable {
  /// The member's name.
  public var name: String
  /// The member's value.
  public var value: JSONValue

  /// A member with this name and value.
  public init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}

// Equal are equal bytes: see ``UTF8Key``.
extension JSONValue: Hashable {
  /// Equal are equal bytes: characters that look alike are not.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)), (.string(let left), .string(let right)),
      (.unpairedSurrogate(let left), .unpairedSurrogate(let right)):
      left.hasSameBytes(as: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    default: false
    }
  }

  /// Hashes the bytes that are compared.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let value): hasher.combine(value)
    case .number(let text), .string(let text), .unpairedSurrogate(let text): text.hashBytes(into: &hasher)
    case .array(let items): hasher.combine(items)
    case .object(let members): hasher.combine(members)
    }
  }
}

extension JSONMember: Hashable {
  /// Equal are equal bytes: characters that look alike are not.
  public static func == (left: JSONMember, right: JSONMember) -> Bool {
    left.name.hasSameBytes(as: right.name) && left.value == right.value
  }

  /// Hashes the bytes that are compared.
  public func hash(into hasher: inout Hasher) {
    name.hashBytes(into: &hasher)
    hasher.combine(value)
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  /// A text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// A whole number.
  public init(integerLiteral value: Int64) { self = .number(String(value)) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An array of these items.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object with these members, in their order.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { JSONMember($0.0, $0.1) })
  }
  /// `null`.
  public init(nilLiteral: ()) { self = .null }
}

/// A type that has one JSON form. Written by hand for each type, so that the order of the members is ours and an
/// unknown or missing one is refused by name.
public protocol JSONConvertible: Sendable {
  /// Reads the value. Throws ``JSONFieldError``, which names the field and the rule.
  init(json: JSONValue) throws
  /// The value in its JSON form.
  var json: JSONValue { get }
}

extension JSONValue: JSONConvertible {
  /// The value itself.
  public init(json: JSONValue) { self = json }
  /// The JSON form.
  public var json: JSONValue { self }
}

/// What is wrong with one field of a value: the path to it (`csv.delimiter`) and the rule that it breaks.
public struct JSONFieldError: Error, Hashable, CustomStringConvertible {
  /// The field, such as `csv.quote` or `aggregates.0.column`; empty where the whole value is wrong.
  public var field: String
  /// The rule that it breaks, in words that follow the field's name.
  public var rule: String

  /// An error of this field.
  public init(field: String, rule: String) {
    self.field = field
    self.rule = rule
  }

  /// The value as text, for messages and logs.
  public var description: String { field.isEmpty ? rule : "'\(field)' \(rule)" }

  /// The same error, seen from the value that holds the field.
  public func within(_ outer: String) -> JSONFieldError {
    JSONFieldError(field: field.isEmpty ? outer : "\(outer).\(field)", rule: rule)
  }
}
