import TallySchema

extension HTTPTransport {
  /// Without a byte either way, after which the other end counts as gone.
  private static let uploadSilenceSeconds = 180

  func upload(
    _ path: String, fields: [String: String], _ content: RPCUpload, _ call: RPCCall
  ) async throws -> JSONValue {
    try await onServer { server in
      var message = self.message(to: server, path: path, call)
      message.method = "PUT"
      message.headers += fields.sorted { $0.key < $1.key }.map { HTTPField($0.key, $0.value) }
      message.headers.append(HTTPField("Accept", "application/json"))
      return try await self.send(content, by: message) { try await self.answer(to: $0, server) }
    }
  }

  func exchange(
    _ method: String, _ path: String, fields: [String: String], _ content: RPCUpload?, _ call: RPCCall
  ) async throws -> HTTPResponseHead {
    try await onServer { server in
      var message = self.message(to: server, path: path, call)
      message.method = method
      message.headers += fields.sorted { $0.key < $1.key }.map { HTTPField($0.key, $0.value) }
      guard let content else {
        if method == "POST" { message.body = [] }
        message.silenceSeconds = HTTPTransport.uploadSilenceSeconds
        return try await self.head(of: self.beginTransfer(message), server)
      }
      return try await self.send(content, by: message) { try await self.head(of: $0, server) }
    }
  }

  /// Sends the content, and takes the answer meanwhile.
  private func send<Answer: Sendable>(
    _ content: RPCUpload, by message: HTTPRequestMessage, _ take: @Sendable (CurlTransfer) async throws -> Answer
  ) async throws -> Answer {
    var message = message
    let body = UploadBody(length: content.bytes)
    message.upload = body
    // What has been taken from the caller can't be taken again.
    message.isSentOnce = true
    // A server syncs a file before it answers. Waits for the caller's own bytes aren't counted.
    message.silenceSeconds = HTTPTransport.uploadSilenceSeconds
    let transfer = try beginTransfer(message)
    async let sent: Result<Void, any Error> = HTTPTransport.result {
      try await HTTPTransport.send(content, body, transfer)
    }
    let answer = await HTTPTransport.result { try await take(transfer) }
    // A server that refuses says so before it has the whole. Where there is no answer, the sender may have failed.
    if case .failure(let error) = answer, error is TransferError, case .failure(let cause) = await sent,
      !(cause is CancellationError)
    {
      throw cause
    }
    return try answer.get()
  }

  private func head(of transfer: CurlTransfer, _ server: ServerAddress) async throws -> HTTPResponseHead {
    let exchange = try await HTTPExchange(transfer: transfer, server: server.text)
    guard (200...299).contains(exchange.head.status) else {
      throw try await exchange.refusal("the upload wasn't taken")
    }
    return exchange.head
  }

  private static func result<Value: Sendable>(
    _ body: @Sendable () async throws -> Value
  ) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
  }

  private static func send(_ content: RPCUpload, _ body: UploadBody, _ transfer: CurlTransfer) async throws {
    do {
      // Nothing is taken from the caller before the server wants it.
      guard try await body.isWanted() else { return }
      while let piece = try await content.next() {
        if piece.isEmpty { continue }
        guard try await body.send(piece, transfer) else { return }
      }
      body.finish(transfer)
    } catch {
      body.abort(transfer)
      throw error
    }
  }

  private func answer(to transfer: CurlTransfer, _ server: ServerAddress) async throws -> JSONValue {
    let exchange = try await HTTPExchange(transfer: transfer, server: server.text)
    guard (200...201).contains(exchange.head.status) else {
      throw try await exchange.refusal("the file wasn't taken")
    }
    let answer = try await exchange.whole(limit: 1 << 20)
    guard let json = try? JSONValue(parsing: answer[...]) else { throw exchange.notJSONRPC("it is no JSON") }
    return json
  }
}
