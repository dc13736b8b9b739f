/// The ID of a JSON-RPC request (JSON-RPC 2.0, section 4): its raw JSON text, so that `9007199254740993`, `1e2`, `"1"`
/// and `1` come back as they came.
public struct RPCID: Hashable, Sendable, CustomStringConvertible {
  /// The JSON text of the ID, as it came.
  public let rawText: String

  /// The ID of a response to a request whose ID couldn't be read.
  public static let null = RPCID(rawText: "null")

  /// A number.
  public init(_ number: Int) { rawText = String(number) }
  /// A text.
  public init(_ text: String) { rawText = JSONValue.string(text).text }

  /// - Parameter rawText: a JSON string, number or `null`, already checked.
  init(rawText: String) { self.rawText = rawText }

  /// The JSON form.
  public var json: JSONValue {
    if rawText == "null" { return .null }
    // Raw text passes through a number unchanged, whatever it is.
    return .number(rawText)
  }

  /// Equal are equal bytes: characters that look alike are not.
  public static func == (left: RPCID, right: RPCID) -> Bool { left.rawText.hasSameBytes(as: right.rawText) }

  /// Hashes the bytes that are compared.
  public func hash(into hasher: inout Hasher) { rawText.hashBytes(into: &hasher) }

  /// The value as text, for messages and logs.
  public var description: String { rawText }
}
