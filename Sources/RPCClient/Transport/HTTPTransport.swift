import Synchronization
import TallySchema

/// Calls as POST requests on libcurl: one answer as JSON, streams as server-sent events.
final class HTTPTransport: RPCTransport {
  /// Without a byte of a stream or a download, after which the other end counts as gone: three of the server's heartbeats.
  private static let silenceSeconds = 45

  private let configuration: TallyClient.Configuration
  private let options: CurlOptions
  private let servers: Mutex<ServerList>
  private let loop = CurlLoop()
  /// Streams and downloads where there is TLS, so that HTTP/2 is never spoken beside HTTP/1.1 to the same server: one answer by
  /// HTTP/1.1 and libcurl takes the server for one that doesn't multiplex, and gives each call a connection of its own.
  private let streamLoop = CurlLoop()

  init(_ configuration: TallyClient.Configuration) {
    self.configuration = configuration
    options = CurlOptions(configuration)
    servers = Mutex(ServerList(configuration.servers.map(ServerAddress.init)))
  }

  deinit { for loop in [loop, streamLoop] { loop.stop() } }

  var activeExchanges: Int { loop.activeTransfers + streamLoop.activeTransfers }

  func shutdown() async {
    // Told before the other is awaited, so that nothing begins on it meanwhile, and without a task, which would cost a thread.
    streamLoop.stop()
    await loop.shutdown()
    await streamLoop.shutdown()
  }

  /// The loop on which a request goes out.
  func loop(for request: HTTPRequestMessage) -> CurlLoop {
    request.url.hasPrefix("https:") && !request.isSmall ? streamLoop : loop
  }

  func call(_ request: RPCRequest, _ call: RPCCall) async throws -> JSONValue {
    try await post(request.encoded(), call) { exchange, json in
      guard case .response(let response)? = try? RPCServerMessage(json: json) else {
        throw exchange.notJSONRPC("it is no response")
      }
      guard response.answers(request.id) else { throw exchange.notJSONRPC("its ID isn't the call's") }
      return try response.outcome.remote()
    }
  }

  func batch(_ requests: [RPCRequest], _ call: RPCCall) async throws -> [RPCResponse] {
    try await post(RPCResponse.encoded(batch: requests.map { $0.encoded() }), call) { exchange, json in
      let messages = try (json.array ?? [json]).map { item in
        guard case .response(let response)? = try? RPCServerMessage(json: item) else {
          throw exchange.notJSONRPC("it is no batch's answer")
        }
        return response
      }
      // The batch as a whole was refused.
      if json.array == nil, let refusal = messages.first { _ = try refusal.outcome.remote() }
      return messages
    }
  }

  func stream(
    _ request: RPCRequest, after lastEventID: String?, _ call: RPCCall
  ) async throws -> any RPCMessageSource {
    try await onServer { server in
      var message = self.message(to: server, path: "/rpc", call)
      message.body = request.encoded()
      message.headers += [("Content-Type", "application/json"), ("Accept", "text/event-stream")].map(HTTPField.init)
      if let lastEventID { message.headers.append(HTTPField("Last-Event-ID", lastEventID)) }
      message.silenceSeconds = HTTPTransport.silenceSeconds
      let exchange = try await self.begin(message, server)
      guard exchange.head.status == 200 else { throw try await exchange.refusal("the stream was refused") }
      return HTTPMessages(exchange, limit: self.configuration.responseBytes)
    }
  }

  func download(_ path: String, fields: [String: String], _ call: RPCCall) async throws -> any RPCDownload {
    // Put behind the server's address: `@host/…` would make that a name and a password, and `//host/…` is another's.
    guard path.utf8.first == UInt8(ascii: "/"), path.utf8.dropFirst().first != UInt8(ascii: "/"),
      path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
    else {
      throw RPCClientError.unexpected(
        "UNEXPECTED_RESULT", "The result's address '\(Excerpt.of(path))' is no path on the server.")
    }
    return try await onServer { server in
      var message = self.message(to: server, path: path, call)
      message.method = "GET"
      message.headers += fields.sorted { $0.key < $1.key }.map { HTTPField($0.key, $0.value) }
      message.silenceSeconds = HTTPTransport.silenceSeconds
      let exchange = try await self.begin(message, server)
      guard [200, 206, 416].contains(exchange.head.status) else {
        throw try await exchange.refusal("the result can't be downloaded")
      }
      return exchange
    }
  }

  /// - Parameter read: takes the answer apart; a server that says there that it is unavailable isn't asked next.
  private func post<Answer>(
    _ body: [UInt8], _ call: RPCCall, _ read: (HTTPExchange, JSONValue) throws -> Answer
  ) async throws -> Answer {
    let deadline = Deadline(milliseconds: call.deadlineMilliseconds)
    return try await onServer { server in
      // Earlier servers have used up a part of the call's time.
      var call = call
      call.deadlineMilliseconds = try deadline.left()
      var message = self.message(to: server, path: "/rpc", call)
      message.body = body
      message.headers += [("Content-Type", "application/json"), ("Accept", "application/json")].map(HTTPField.init)
      message.isSentOnce = !call.isRepeatable
      message.isSmall = true
      let exchange = try await self.begin(message, server)
      let answer = try await exchange.whole(limit: self.configuration.responseBytes)
      let json: JSONValue
      do {
        json = try JSONValue(parsing: answer[...])
      } catch {
        throw exchange.notJSONRPC("\(error)")
      }
      return try read(exchange, json)
    }
  }

  func message(to server: ServerAddress, path: String, _ call: RPCCall) -> HTTPRequestMessage {
    var headers = [HTTPField("User-Agent", "tally")]
    if let deadline = call.deadlineMilliseconds { headers.append(HTTPField("Tally-Timeout-Ms", String(deadline))) }
    headers += call.metadata.sorted { $0.key < $1.key }.map { HTTPField($0.key, $0.value) }
    return HTTPRequestMessage(
      method: "POST", url: server.url + path, socketPath: server.socketPath, headers: headers, body: nil,
      connectMilliseconds: configuration.connectMilliseconds,
      // The server answers at the deadline; the little more is for its answer's way.
      totalMilliseconds: call.deadlineMilliseconds.map { min($0, Deadline.millisecondsMost) + 500 }, options: options)
  }

  private func begin(_ message: HTTPRequestMessage, _ server: ServerAddress) async throws -> HTTPExchange {
    try await HTTPExchange(transfer: beginTransfer(message), server: server.text)
  }

  func beginTransfer(_ message: HTTPRequestMessage) throws(TransferError) -> CurlTransfer {
    // A small answer is taken whole, and never pauses.
    try loop(for: message).begin(
      message, bufferBytes: message.isSmall ? max(configuration.responseBytes, 0).addingSaturated(65_536) : 256 << 10)
  }

  /// Asks a server; where it can't be reached, and so hasn't seen the request, the next one, once each.
  func onServer<Value>(_ body: (ServerAddress) async throws -> Value) async throws -> Value {
    var left = configuration.servers.count
    while true {
      let (index, server) = servers.withLock { list in
        let index = list.next(at: .now)
        return (index, list.servers[index])
      }
      left -= 1
      if let problem = server.problem {
        throw RPCClientError.local(
          RPCLocalError(
            .configuration, .invalidArgument, reason: "INVALID_SERVER_URL", "The server '\(server.text)' \(problem)."))
      }
      do {
        let value = try await body(server)
        servers.withLock { $0.served(index) }
        return value
      } catch let error as TransferError {
        if error.kind == .connection { servers.withLock { $0.failed(index, at: .now) } }
        if error.kind == .connection, !error.wasSent, left > 0 { continue }
        throw error.translated(server.text)
      } catch let error as RPCClientError where error.status == .unavailable {
        servers.withLock { $0.failed(index, at: .now) }
        throw error
      }
    }
  }
}

extension Result where Success == JSONValue, Failure == RPCError {
  /// The result.
  ///
  /// - Throws: ``RPCClientError/remote(_:)``.
  func remote() throws -> JSONValue { try mapError(RPCClientError.remote).get() }
}

extension Int {
  fileprivate func addingSaturated(_ more: Int) -> Int {
    let (sum, isTooLarge) = addingReportingOverflow(more)
    return isTooLarge ? .max : sum
  }
}
