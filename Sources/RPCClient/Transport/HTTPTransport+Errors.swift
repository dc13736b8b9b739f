import TallySchema

extension TransferError {
  /// The error as the caller gets it; `CancellationError` if the task was cancelled.
  func translated(_ server: String) -> any Error {
    func local(_ kind: RPCLocalError.Kind, _ status: RPCStatus, _ reason: String, _ text: String) -> RPCClientError {
      .local(RPCLocalError(kind, status, reason: reason, text, curlCode: code, curlMessage: message))
    }
    switch kind {
    case .cancelled where Task.isCancelled: return CancellationError()
    case .cancelled: return local(.cancelled, .cancelled, "CLIENT_SHUT_DOWN", "The client has been shut down.")
    case .timeout:
      return local(.timeout, .deadlineExceeded, "DEADLINE_EXCEEDED", "\(server) didn't answer in time (\(message)).")
    case .invalidURL:
      return local(
        .configuration, .invalidArgument, "INVALID_SERVER_URL", "'\(server)' is no server's URL (\(message)).")
    case .tls:
      return local(
        .connection, .unauthenticated, "TLS_FAILED", "The connection to \(server) isn't trusted (\(message)).")
    case .refusedOption:
      return local(
        .configuration, .invalidArgument, "INVALID_CONFIGURATION", "The call to \(server) can't be sent (\(message)).")
    case .reply:
      return local(.protocol, .internal, "BAD_RESPONSE", "The answer of \(server) can't be read (\(message)).")
    case .connection, .other:
      return local(.connection, .unavailable, "CONNECTION_FAILED", "\(server) can't be reached (\(message)).")
    }
  }
}

extension RPCResponse {
  /// Whether it is the response to a request of that ID. An error whose request's ID couldn't be read has `null`; a result has
  /// the request's own (JSON-RPC 2.0, section 5).
  func answers(_ requestID: RPCID?) -> Bool {
    if id == requestID { return true }
    if case .failure = outcome { return id == .null }
    return false
  }
}

extension HTTPExchange {
  /// Why the server has refused: its own error, where there is one.
  func refusal(_ why: String) async throws -> RPCClientError {
    var body: [UInt8] = []
    while body.count < 65_536, let piece = try await next() { body += piece }
    if case .response(let response)? = try? RPCServerMessage(json: JSONValue(parsing: body[...])),
      case .failure(let error) = response.outcome
    {
      return .remote(error)
    }
    return notJSONRPC(why)
  }

  /// An answer that isn't JSON-RPC's: of a proxy, or of something that is no Tally server.
  func notJSONRPC(_ why: String) -> RPCClientError {
    let status: RPCStatus =
      switch head.status {
      case 401, 407: .unauthenticated
      case 403: .permissionDenied
      case 404: .unimplemented
      case 429: .resourceExhausted
      case 502, 503: .unavailable
      case 504: .deadlineExceeded
      default: .internal
      }
    return .local(
      RPCLocalError(
        .protocol, status, reason: "NOT_JSON_RPC",
        "\(server) answered HTTP \(head.status), and not with a JSON-RPC response (\(why))."))
  }
}
