/// A JSON-RPC response (JSON-RPC 2.0, section 5): a result or an error, never both.
public struct RPCResponse: Hashable, Sendable {
  /// The ID of the call that is answered.
  public var id: RPCID
  /// The result or the error.
  public var outcome: Result<JSONValue, RPCError>

  /// A response with a result.
  public init(id: RPCID, result: JSONValue) {
    self.id = id
    outcome = .success(result)
  }

  /// A response with an error.
  public init(id: RPCID, error: RPCError) {
    self.id = id
    outcome = .failure(error)
  }

  /// The JSON text.
  public func encoded() -> [UInt8] { encoded(bytesMost: .max) ?? [] }

  /// The response's bytes; nil, as soon as that is known, when there are more than so many.
  public func encoded(bytesMost: Int) -> [UInt8]? {
    var output: [UInt8] = []
    output.reserveCapacity(JSONValue.usualBytes)
    output.append(contentsOf: "{\"jsonrpc\":\"2.0\",\"id\":".utf8)
    output.append(contentsOf: id.rawText.utf8)
    output.append(UInt8(ascii: ","))
    switch outcome {
    case .success(let result):
      output.append(contentsOf: "\"result\":".utf8)
      if !result.write(into: &output, bytesMost: bytesMost) { return nil }
    case .failure(let error):
      output.append(contentsOf: "\"error\":".utf8)
      if !error.json.write(into: &output, bytesMost: bytesMost) { return nil }
    }
    output.append(UInt8(ascii: "}"))
    return output.count <= bytesMost ? output : nil
  }

  /// The bytes of a batch's answer, in order.
  public static func encoded(batch: [[UInt8]]) -> [UInt8] {
    var output: [UInt8] = [UInt8(ascii: "[")]
    for (index, response) in batch.enumerated() {
      if index > 0 { output.append(UInt8(ascii: ",")) }
      output.append(contentsOf: response)
    }
    output.append(UInt8(ascii: "]"))
    return output
  }
}

/// What a server sends: a response, or a notification of a stream.
public enum RPCServerMessage: Hashable, Sendable {
  /// The answer to a call.
  case response(RPCResponse)
  /// An event of a stream.
  case notification(method: String, parameters: JSONValue)

  /// - Throws: ``JSONFieldError`` for JSON that is no valid JSON-RPC response or notification.
  public init(json: JSONValue) throws {
    guard json["jsonrpc"] == .string("2.0") else { throw JSONFieldError(field: "jsonrpc", rule: "must be \"2.0\"") }
    if let method = json["method"]?.string {
      self = .notification(method: method, parameters: json["params"] ?? .null)
      return
    }
    guard let id = json["id"] else { throw JSONFieldError(field: "id", rule: "is missing from the response") }
    let rpcID = RPCID(rawText: id.text)
    switch (json["result"], json["error"]) {
    case (let result?, nil): self = .response(RPCResponse(id: rpcID, result: result))
    case (nil, let error?): self = .response(RPCResponse(id: rpcID, error: try RPCError(json: error)))
    default: throw JSONFieldError(field: "result", rule: "or 'error' must be there, and not both")
    }
  }

  /// The JSON text of a notification.
  public static func encodedNotification(method: String, parameters: JSONValue) -> [UInt8] {
    RPCRequest(id: nil, method: method, parameters: parameters).encoded()
  }
}
