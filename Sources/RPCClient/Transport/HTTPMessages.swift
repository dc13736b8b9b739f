import TallySchema

/// The messages of a stream's connection, out of its bytes.
///
/// `@unchecked Sendable`: one iterator has it, and an iterator belongs to one task.
final class HTTPMessages: RPCMessageSource, @unchecked Sendable {
  private let exchange: HTTPExchange
  /// False: the answer is one JSON text.
  private let isEventStream: Bool
  /// Bytes of an answer that is no stream of events, at the most.
  private let limit: Int
  private var decoder = SSEDecoder()
  private var events: ArraySlice<SSEEvent> = []
  private var isAtEnd = false

  init(_ exchange: HTTPExchange, limit: Int) {
    (self.exchange, self.limit) = (exchange, limit)
    isEventStream = exchange.head.headers["content-type"]?.hasPrefix("text/event-stream") ?? false
  }

  func next() async throws -> (message: RPCServerMessage, lastEventID: String?)? {
    while true {
      if let event = events.popFirst() {
        return (try message(event.data), event.lastEventID.isEmpty ? nil : event.lastEventID)
      }
      if isAtEnd { return nil }
      if !isEventStream { return (try await whole(), nil) }
      guard let piece = try await exchange.next() else {
        isAtEnd = true
        continue
      }
      do {
        events = try decoder.feed(piece)[...]
      } catch {
        throw RPCClientError.local(
          RPCLocalError(.protocol, .resourceExhausted, reason: "EVENT_TOO_LARGE", "\(error)."))
      }
    }
  }

  private func whole() async throws -> RPCServerMessage {
    var body: [UInt8] = []
    while let piece = try await exchange.next() {
      body += piece
      if body.count > limit { throw RPCClientError.tooLarge(limit) }
    }
    isAtEnd = true
    return try message(body)
  }

  private func message(_ bytes: [UInt8]) throws -> RPCServerMessage {
    do {
      return try RPCServerMessage(json: JSONValue(parsing: bytes[...]))
    } catch {
      throw RPCClientError.unexpected("NOT_JSON_RPC", "The stream holds what isn't JSON-RPC: \(error).")
    }
  }
}
