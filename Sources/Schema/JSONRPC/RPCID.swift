/// The ID of a JSON-RPC request (JSON-RPC 2.0, section 4): its raw JSON text, so that `9007199254740993`, `1e2`, `"1"`
/// and `1` come back as they came.
public struct RPCID: Hashable, Sendable, CustomStringConvertible {
  public let rawText: String

  public static let null = RPCID(rawText: "null")

  public init(_ number: Int) { rawText = String(number) }
  public init(_ text: String) { rawText = JSONValue.string(text).text }

  /// - Parameter rawText: a JSON string, number or `null`, already checked.
  init(rawText: String) { self.rawText = rawText }

  public var json: JSONValue {
    if rawText == "null" { return .null }
    // Raw text passes through a number unchanged, whatever it is.
    return .number(rawText)
  }

  public static func == (left: RPCID, right: RPCID) -> Bool { left.rawText.hasSameBytes(as: right.rawText) }

  public func hash(into hasher: inout Hasher) { rawText.hashBytes(into: &hasher) }

  public var description: String { rawText }
}
