/// The error of a call: what JSON-RPC's error object says (section 5.1), and in its `data` a machine-readable cause.
public struct RPCError: Error, Hashable, Sendable {
  public static let parseCode = -32700
  public static let invalidRequestCode = -32600
  public static let methodNotFoundCode = -32601
  public static let invalidParametersCode = -32602
  public static let internalCode = -32603
  /// Who gives the reasons their meaning.
  public static let domain = "tally"

  public var code: Int
  /// A sentence for people: what was wrong, the rule, and what to do.
  public var message: String
  public var status: RPCStatus
  /// An UPPER_SNAKE constant for programs.
  public var reason: String
  /// The parameter that is to blame, as a path: `csv.delimiter`.
  public var field: String?
  /// When a repeated call may succeed.
  public var retryAfterMilliseconds: Int?
  /// The other members of `data`.
  public var details: [JSONMember] = []

  public init(
    _ status: RPCStatus, reason: String, _ message: String, code: Int? = nil, field: String? = nil,
    retryAfterMilliseconds: Int? = nil
  ) {
    self.status = status
    self.reason = reason
    self.message = Excerpt.of(message, bytesMost: Excerpt.messageBytesMost)
    self.code = code ?? status.rpcCode
    self.field = field
    self.retryAfterMilliseconds = retryAfterMilliseconds
  }

  public static func parse(_ message: String) -> RPCError {
    RPCError(.invalidArgument, reason: "PARSE_ERROR", message, code: parseCode)
  }

  public static func invalidRequest(_ message: String) -> RPCError {
    RPCError(.invalidArgument, reason: "INVALID_REQUEST", message, code: invalidRequestCode)
  }

  public static func methodNotFound(_ name: String) -> RPCError {
    RPCError(
      .unimplemented, reason: "METHOD_NOT_FOUND", "There is no method '\(Excerpt.of(name))'.", code: methodNotFoundCode)
  }

  public static func invalidParameters(_ message: String, field: String? = nil) -> RPCError {
    RPCError(.invalidArgument, reason: "INVALID_PARAMS", message, field: field)
  }

  public static func invalidParameters(_ error: JSONFieldError) -> RPCError {
    invalidParameters("Invalid parameters: \(error).", field: error.field.isEmpty ? nil : error.field)
  }

  public static let internalError = RPCError(
    .internal, reason: "INTERNAL", "The server failed on this call. Its log says why.")
}

extension RPCError: JSONConvertible {
  public init(json: JSONValue) throws {
    guard case .object = json, let code = json["code"]?.integer, let message = json["message"]?.string else {
      throw JSONFieldError(field: "error", rule: "must have an integer 'code' and a string 'message'")
    }
    let data = json["data"]
    let status = data?["status"]?.string.flatMap(RPCStatus.init(name:)) ?? RPCError.status(ofCode: Int(code))
    self.init(
      status, reason: data?["reason"]?.string ?? status.name, message, code: Int(code), field: data?["field"]?.string,
      retryAfterMilliseconds: data?["retryAfterMs"]?.integer.map { Int($0) })
    if case .object(let members)? = data { details = members.filter { !RPCError.members.containsBytes(of: $0.name) } }
  }

  private static let members = ["status", "reason", "domain", "field", "retryAfterMs"]

  public var json: JSONValue {
    var data = [
      JSONMember("status", .string(status.name)), JSONMember("reason", .string(reason)),
      JSONMember("domain", .string(RPCError.domain)),
    ]
    if let field { data.append(JSONMember("field", .string(field))) }
    if let retryAfterMilliseconds { data.append(JSONMember("retryAfterMs", .number(retryAfterMilliseconds))) }
    data += details
    return ["code": .number(code), "message": .string(message), "data": .object(data)]
  }

  /// The status of an error whose `data` doesn't say, for servers that aren't ours.
  private static func status(ofCode code: Int) -> RPCStatus {
    switch code {
    case parseCode, invalidRequestCode, invalidParametersCode: .invalidArgument
    case methodNotFoundCode: .unimplemented
    case internalCode: .internal
    default: RPCStatus(rawValue: code) ?? .unknown
    }
  }
}

extension RPCError: CustomStringConvertible {
  public var description: String { "\(status.name) (\(reason)): \(message)" }
}
