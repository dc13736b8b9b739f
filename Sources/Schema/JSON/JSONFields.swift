/// Reads the members of an object by name, each with its type and its rule, and refuses what it doesn't know.
///
/// ```swift
/// var fields = try JSONFields(json, of: "csv")
/// let delimiter = try fields.optional("delimiter", as: String.self) ?? ","
/// try fields.refuseTheRest()
/// ```
public struct JSONFields {
  private let members: [JSONMember]
  /// Names that were asked for: a few, so that looking through them is quicker than hashing.
  private var taken: [String] = []
  private static let fewMembers = 16

  /// - Throws: ``JSONFieldError`` when it is no object, or when a name stands in it twice.
  public init(_ json: JSONValue, of what: String) throws {
    guard case .object(let members) = json else {
      throw JSONFieldError(field: "", rule: "\(what) must be an object, not \(json.kind)")
    }
    if let name = JSONFields.twice(members) {
      throw JSONFieldError(field: Excerpt.of(name), rule: "stands twice in \(what)")
    }
    self.members = members
  }

  /// A name that more than one member has.
  private static func twice(_ members: [JSONMember]) -> String? {
    if members.count <= fewMembers {
      for (index, member) in members.enumerated()
      where members[..<index].contains(where: { $0.name.hasSameBytes(as: member.name) }) {
        return member.name
      }
      return nil
    }
    var seen: Set<UTF8Key> = []
    return members.first { !seen.insert(UTF8Key($0.name)).inserted }?.name
  }

  /// The member's raw value; `null` counts as absent.
  public mutating func value(_ name: String) -> JSONValue? {
    taken.append(name)
    guard let value = members.first(where: { $0.name.hasSameBytes(as: name) })?.value, value != .null else {
      return nil
    }
    return value
  }

  /// The member's value; nil where there is no such member, or it is `null`.
  ///
  /// - Throws: ``JSONFieldError`` where it is of another type.
  public mutating func optional<Value: JSONConvertible>(_ name: String, as: Value.Type = Value.self) throws -> Value? {
    guard let value = value(name) else { return nil }
    do {
      return try Value(json: value)
    } catch let error as JSONFieldError {
      throw error.within(name)
    }
  }

  /// The member's value.
  ///
  /// - Throws: ``JSONFieldError`` where there is none, or it is of another type.
  public mutating func required<Value: JSONConvertible>(_ name: String, as: Value.Type = Value.self) throws -> Value {
    guard let value: Value = try optional(name) else { throw JSONFieldError(field: name, rule: "is required") }
    return value
  }

  /// A count, as a whole number. It is clamped to 0…2^53, so that sums and differences of counts don't overflow; only a
  /// faulty program sends a negative count.
  public mutating func count(_ name: String) throws -> Int {
    guard let count = try optionalCount(name) else { throw JSONFieldError(field: name, rule: "is required") }
    return count
  }

  /// A whole number that isn't negative; nil where there is no such member.
  ///
  /// - Throws: ``JSONFieldError`` where it is something else.
  public mutating func optionalCount(_ name: String) throws -> Int? {
    try optional(name, as: Int.self).map { min(max($0, 0), 1 << 53) }
  }

  /// Refuses the first member that nobody has asked for, by name.
  public func refuseTheRest() throws {
    for member in members where !taken.containsBytes(of: member.name) {
      let meant = Suggestion.nearest(to: member.name, among: taken).map { " (did you mean '\($0)'?)" } ?? ""
      let known = taken.sorted().joined(separator: ", ")
      throw JSONFieldError(field: Excerpt.of(member.name), rule: "is unknown\(meant); known are \(known)")
    }
  }
}

extension String: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    if case .unpairedSurrogate = json {
      throw JSONFieldError(field: "", rule: "holds half of a surrogate pair, which no Unicode text can")
    }
    guard case .string(let text) = json else {
      throw JSONFieldError(field: "", rule: "must be a string, not \(json.kind)")
    }
    self = text
  }
  /// The JSON form.
  public var json: JSONValue { .string(self) }
}

extension Bool: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    guard case .bool(let value) = json else {
      throw JSONFieldError(field: "", rule: "must be true or false, not \(json.kind)")
    }
    self = value
  }
  /// The JSON form.
  public var json: JSONValue { .bool(self) }
}

extension Int: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    guard let value = json.integer, let exact = Int(exactly: value) else {
      let what = if case .number(let text) = json { Excerpt.of(text) } else { json.kind }
      throw JSONFieldError(field: "", rule: "must be a whole number, not \(what)")
    }
    self = exact
  }
  /// The JSON form.
  public var json: JSONValue { .number(self) }
}

extension Array: JSONConvertible where Element: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    guard case .array(let items) = json else {
      throw JSONFieldError(field: "", rule: "must be an array, not \(json.kind)")
    }
    self = try items.enumerated().map { index, item in
      do {
        return try Element(json: item)
      } catch let error as JSONFieldError {
        throw error.within("\(index)")
      }
    }
  }
  /// The JSON form.
  public var json: JSONValue { .array(map(\.json)) }
}
