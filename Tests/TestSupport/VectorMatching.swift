public import TallySchema

/// Compares answers with the vectors, as `clients/vectors/README.md` says.
public enum VectorMatching {
  /// What is wrong with a value; nil: nothing.
  public static func difference(_ expected: JSONValue, _ found: JSONValue?, _ place: String) -> String? {
    guard let found else { return "\(place) is missing" }
    switch expected {
    case .string(let kind) where kind.hasPrefix("<") && kind.hasSuffix(">"):
      return isOfKind(found, kind) ? nil : "\(place): \(found.text) is no \(kind)"
    case .object(let members):
      guard case .object = found else { return "\(place): \(found.text) is no object" }
      return members.lazy.compactMap { difference($0.value, found[$0.name], "\(place).\($0.name)") }.first
    case .array(let items):
      guard let others = found.array, others.count == items.count else { return "\(place): \(found.text)" }
      return zip(items, others).lazy.compactMap { difference($0, $1, place + "[]") }.first
    default: return expected == found ? nil : "\(place): \(found.text) isn't \(expected.text)"
    }
  }

  private static func isOfKind(_ value: JSONValue, _ kind: String) -> Bool {
    switch kind {
    case "<any>": true
    case "<integer>": value.integer != nil
    case "<time>": value.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil
    case "<sha256>": value.string?.wholeMatch(of: /[0-9a-f]{64}/) != nil
    case "<cursor>": value.string?.wholeMatch(of: /[0-9a-f-]{36}\.\d+\.\d+/) != nil
    default: value.string != nil
    }
  }

  /// `0aff` → 10, 255.
  public static func bytes(_ hexadecimal: String) -> [UInt8] {
    stride(from: 0, to: hexadecimal.utf8.count, by: 2).compactMap {
      UInt8(hexadecimal.dropFirst($0).prefix(2), radix: 16)
    }
  }
}
