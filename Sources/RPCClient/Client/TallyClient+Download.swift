import Schema

extension TallyClient {
  /// Downloads a result, piece by piece, to whoever takes the pieces; a slow one slows the transfer down.
  ///
  /// - Parameter path: as a status has it (`result.url`).
  /// - Throws: ``RPCError``; also DATA_LOSS when the body ends before its announced length.
  public func download(_ path: String, _ take: ([UInt8]) async throws -> Void) async throws {
    try await translating {
      let message = HTTPRequestMessage(
        method: "GET", url: configuration.server + path,
        headers: configuration.metadata.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }, body: nil,
        connectMilliseconds: configuration.connectMilliseconds, totalMilliseconds: nil)
      let transfer = try loop.begin(message)
      defer { transfer.cancel() }
      let head = try await transfer.head()
      if head.isCut { throw TransferError.brokenHead }
      guard head.status == 200 else {
        var body: [UInt8] = []
        while body.count < 65_536, let piece = try await transfer.nextPiece() { body += piece }
        if case .response(let response)? = try? RPCServerMessage(json: JSONValue(parsing: body[...])) {
          _ = try response.outcome.get()
        }
        throw notJSONRPC(head, "the result can't be downloaded")
      }
      while let piece = try await transfer.nextPiece() { try await take(piece) }
    }
  }
}
