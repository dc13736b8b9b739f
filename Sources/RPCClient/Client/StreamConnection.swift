import Schema

/// One connection of a stream: the transfer, and what its bytes mean. It ends with its last owner.
///
/// `@unchecked Sendable`: one iterator has it, and an iterator belongs to one task.
final class StreamConnection: @unchecked Sendable {
  let transfer: CurlTransfer
  /// False: the answer is one JSON text.
  var isEventStream = true
  private var decoder = SSEDecoder()
  private var events: ArraySlice<SSEEvent> = []
  private var isAtEnd = false

  init(transfer: CurlTransfer) { self.transfer = transfer }

  deinit { transfer.cancel() }

  /// The next message and the ID of its event; nil at the stream's end.
  func next() async throws -> (RPCServerMessage, id: String?)? {
    while true {
      if let event = events.popFirst() {
        return (try message(event.data), event.lastEventID.isEmpty ? nil : event.lastEventID)
      }
      if isAtEnd { return nil }
      if !isEventStream { return try await whole() }
      guard let piece = try await transfer.nextPiece() else {
        isAtEnd = true
        continue
      }
      do {
        events = try decoder.feed(piece)[...]
      } catch {
        throw RPCError(.resourceExhausted, reason: "EVENT_TOO_LARGE", "\(error).")
      }
    }
  }

  private func whole() async throws -> (RPCServerMessage, id: String?) {
    var body: [UInt8] = []
    while let piece = try await transfer.nextPiece() { body += piece }
    isAtEnd = true
    return (try message(body), nil)
  }

  private func message(_ bytes: [UInt8]) throws -> RPCServerMessage {
    do {
      return try RPCServerMessage(json: JSONValue(parsing: bytes[...]))
    } catch {
      throw RPCError(.internal, reason: "NOT_JSON_RPC", "The stream holds what isn't JSON-RPC: \(error).")
    }
  }
}
