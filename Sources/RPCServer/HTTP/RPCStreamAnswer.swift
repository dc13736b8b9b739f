import AsyncAlgorithms
import HTTPTypes
import HummingbirdCore
import NIOCore
import TallySchema

/// A stream method's answer over HTTP, chunked: events as they come, a heartbeat where it is silent, one response last.
struct RPCStreamAnswer: Sendable {
  let dispatcher: RPCDispatcher
  let limits: Limits

  private enum Piece: Sendable {
    case event(RPCEvent)
    case heartbeat
    case end
  }

  func response(
    to call: RPCRequest, context: RPCContext, framing: AnswerFraming, presence: ConnectionPresence
  ) -> Response {
    let isSSE = framing == .eventStream
    var headers: HTTPFields = [
      .contentType: isSSE ? "text/event-stream; charset=utf-8" : framing.rawValue, .cacheControl: "no-store",
      .xContentTypeOptions: "nosniff",
      // The connection's end is how the server hears that its reader has gone: it serves no second request.
      .connection: "close",
    ]
    if let name = HTTPField.Name("X-Accel-Buffering") { headers[name] = "no" }
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        if isSSE { try await writer.write(ByteBuffer(bytes: SSEEncoder.retry(milliseconds: 2_000))) }
        try await pump(call, context, framing, presence, to: &writer)
        try await writer.finish(nil)
      })
  }

  private func pump(
    _ call: RPCRequest, _ context: RPCContext, _ framing: AnswerFraming, _ presence: ConnectionPresence,
    to writer: inout any ResponseBodyWriter
  ) async throws {
    let pieces = AsyncChannel<Piece>()
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      group.addTask {
        defer { pieces.finish() }
        try await presence.whilePresent {
          try await dispatcher.stream(call, context: context, to: ChannelWriter(pieces: pieces))
        }
        await pieces.send(.end)
      }
      group.addTask {
        // A reader that has gone answers this with a reset; one that has only finished asking reads it.
        await presence.halfClosed.wait()
        await pieces.send(.heartbeat)
      }
      group.addTask {
        while true {
          try await Task.sleep(for: .milliseconds(limits.streamHeartbeatMilliseconds))
          await pieces.send(.heartbeat)
        }
      }
      for await piece in pieces {
        switch piece {
        case .event(let event): try await writer.write(ByteBuffer(bytes: RPCStreamAnswer.frame(event, framing)))
        case .heartbeat:
          let beat = framing == .eventStream ? SSEEncoder.heartbeat : NDJSON.heartbeat
          try await writer.write(ByteBuffer(bytes: beat))
        case .end: return
        }
      }
      // The reader has gone, or the server stops: without its last piece the answer must not look whole.
      throw CancellationError()
    }
  }

  private static func frame(_ event: RPCEvent, _ framing: AnswerFraming) -> [UInt8] {
    guard framing == .eventStream else { return NDJSON.line(event.message) }
    return SSEEncoder.event(id: event.cursor, data: event.message)
  }

  /// Hands events over one by one: `write` returns when the connection has taken the event.
  private struct ChannelWriter: RPCEventWriter {
    let pieces: AsyncChannel<Piece>

    func write(_ event: RPCEvent) async throws {
      await pieces.send(.event(event))
      try Task.checkCancellation()
    }
  }
}
