/// The error of a call: what JSON-RPC's error object says (section 5.1), and in its `data` a machine-readable cause.
public struct RPCError: Error, Hashable, Sendable {
  /// Invalid JSON (JSON-RPC 2.0, section 5.1).
  public static let parseCode = -32700
  /// No valid request object.
  public static let invalidRequestCode = -32600
  /// No such method.
  public static let methodNotFoundCode = -32601
  /// Invalid parameters.
  public static let invalidParametersCode = -32602
  /// An internal error.
  public static let internalCode = -32603
  /// Who gives the reasons their meaning.
  public static let domain = "tally"

  /// The JSON-RPC code.
  public var code: Int
  /// A sentence for people: what was wrong, the rule, and what to do.
  public var message: String
  /// The kind of error, as gRPC has them.
  public var status: RPCStatus
  /// An UPPER_SNAKE constant for programs.
  public var reason: String
  /// The parameter that is to blame, as a path: `csv.delimiter`.
  public var field: String?
  /// When a repeated call may succeed.
  public var retryAfterMilliseconds: Int?
  /// The other members of `data`.
  public var details: [JSONMember] = []

  /// An error with these properties.
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

  /// The body is no JSON.
  public static func parse(_ message: String) -> RPCError {
    RPCError(.invalidArgument, reason: "PARSE_ERROR", message, code: parseCode)
  }

  /// The JSON is no valid request.
  public static func invalidRequest(_ message: String) -> RPCError {
    RPCError(.invalidArgument, reason: "INVALID_REQUEST", message, code: invalidRequestCode)
  }

  /// There is no such method.
  public static func methodNotFound(_ name: String) -> RPCError {
    RPCError(
      .unimplemented, reason: "METHOD_NOT_FOUND", "There is no method '\(Excerpt.of(name))'.", code: methodNotFoundCode)
  }

  /// The parameters are invalid.
  public static func invalidParameters(_ message: String, field: String? = nil) -> RPCError {
    RPCError(.invalidArgument, reason: "INVALID_PARAMS", message, field: field)
  }

  /// A field of the parameters is invalid.
  public static func invalidParameters(_ error: JSONFieldError) -> RPCError {
    invalidParameters("Invalid parameters: \(error).", field: error.field.isEmpty ? nil : error.field)
  }

  /// An error of the server's own, of which callers are told nothing more.
  public static let internalError = RPCError(
    .internal, reason: "INTERNAL", "The server failed on this call. Its log says why.")
}

extension RPCError: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
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

  /// The JSON form.
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
  /// The value as text, for messages and logs.
  public var description: String { "\(status.name) (\(reason)): \(message)" }
}
