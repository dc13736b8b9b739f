import Schema

extension TallyClient {
  /// Without a byte of a stream or a download, after which the other end counts as gone: three of the server's heartbeats.
  static let silenceSeconds = 45

  /// The HTTP request that carries a call.
  func httpMessage(
    _ request: RPCRequest, accept: String, deadlineMilliseconds: Int?, lastEventID: String? = nil
  ) -> HTTPRequestMessage {
    httpMessage(
      body: request.encoded(), accept: accept, deadlineMilliseconds: deadlineMilliseconds, lastEventID: lastEventID)
  }

  /// The same for a body that has been encoded.
  func httpMessage(
    body: [UInt8], accept: String, deadlineMilliseconds: Int?, lastEventID: String? = nil
  ) -> HTTPRequestMessage {
    var headers = [("Content-Type", "application/json"), ("Accept", accept), ("User-Agent", "tally")]
    if let deadlineMilliseconds { headers.append(("Tally-Timeout-Ms", String(deadlineMilliseconds))) }
    if let lastEventID { headers.append(("Last-Event-ID", lastEventID)) }
    headers += configuration.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    return HTTPRequestMessage(
      method: "POST", url: configuration.server + "/rpc", headers: headers.map { (name: $0.0, value: $0.1) },
      body: body, connectMilliseconds: configuration.connectMilliseconds,
      // The server answers at the deadline; the little more is for its answer's way.
      totalMilliseconds: deadlineMilliseconds.map { $0 + 500 })
  }

  /// Runs the body; a failed transfer becomes an error of the call.
  func translating<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch let error as TransferError {
      switch error.kind {
      case .cancelled where Task.isCancelled: throw CancellationError()
      case .cancelled: throw RPCError(.cancelled, reason: "CLIENT_SHUT_DOWN", "The client has been shut down.")
      case .timeout:
        throw RPCError(
          .deadlineExceeded, reason: "DEADLINE_EXCEEDED", "\(configuration.server) didn't answer in time (\(error)).")
      case .invalidURL:
        throw RPCError(
          .invalidArgument, reason: "INVALID_SERVER_URL", "'\(configuration.server)' is no server's URL (\(error)).")
      case .connection, .other:
        throw RPCError(
          .unavailable, reason: "CONNECTION_FAILED", "\(configuration.server) can't be reached (\(error)).")
      }
    }
  }

  /// An answer that isn't JSON-RPC's: of a proxy, or of something that is no Tally server.
  func notJSONRPC(_ head: HTTPResponseHead, _ why: String) -> RPCError {
    let status: RPCStatus =
      switch head.status {
      case 401: .unauthenticated
      case 403: .permissionDenied
      case 404: .unimplemented
      case 429: .resourceExhausted
      case 502, 503: .unavailable
      case 504: .deadlineExceeded
      default: .internal
      }
    return RPCError(
      status, reason: "NOT_JSON_RPC",
      "\(configuration.server) answered HTTP \(head.status), and not with a JSON-RPC response (\(why)).")
  }
}
