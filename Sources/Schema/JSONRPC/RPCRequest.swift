/// A JSON-RPC request or notification (JSON-RPC 2.0, section 4).
public struct RPCRequest: Hashable, Sendable {
  /// Nil: a notification.
  public var id: RPCID?
  /// The method's name.
  public var method: String
  /// The raw text of `params`; nil when absent or `null`. Read only once the method is known.
  public var parameters: ArraySlice<UInt8>?

  /// A call, or without an ID a notification.
  ///
  /// - Parameter parameters: their JSON text; nil: none.
  public init(id: RPCID?, method: String, parameters: ArraySlice<UInt8>? = nil) {
    self.id = id
    self.method = method
    self.parameters = parameters
  }

  /// A call, or without an ID a notification.
  public init(id: RPCID?, method: String, parameters: JSONValue) {
    self.init(id: id, method: method, parameters: parameters == .null ? nil : parameters.bytes[...])
  }

  /// The JSON text.
  public func encoded() -> [UInt8] {
    var output = Array(#"{"jsonrpc":"2.0","#.utf8)
    if let id { output.append(contentsOf: "\"id\":\(id.rawText),".utf8) }
    output.append(contentsOf: "\"method\":".utf8)
    JSONValue.write(method, into: &output)
    if let parameters {
      output.append(contentsOf: ",\"params\":".utf8)
      output.append(contentsOf: parameters)
    }
    output.append(UInt8(ascii: "}"))
    return output
  }
}

/// What one item of a request's body turned out to be.
public enum RPCItem: Hashable, Sendable {
  /// A call or a notification.
  case call(RPCRequest)
  /// Not a valid request: the ID to answer with, and why.
  case invalid(RPCID, RPCError)

  /// The ID of its answer; `null` where it has none of its own.
  public var id: RPCID {
    switch self {
    case .call(let request): request.id ?? .null
    case .invalid(let id, _): id
    }
  }
}

/// A request's body: one item, or a batch of at least one.
public enum RPCMessage: Hashable, Sendable {
  /// One call.
  case single(RPCItem)
  /// A batch: an array of calls.
  case batch([RPCItem])
}
