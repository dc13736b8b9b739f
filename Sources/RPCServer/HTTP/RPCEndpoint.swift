import HTTPTypes
import HummingbirdCore
import NIOCore
import Schema

/// `POST /rpc`: HTTP in, calls to the dispatcher, HTTP out.
struct RPCEndpoint: Sendable {
  let dispatcher: RPCDispatcher
  let limits: Limits

  func respond(to request: Request, connection: ConnectionContext) async -> Response {
    guard RPCEndpoint.isJSON(request.headers[.contentType]) else {
      return HTTPAnswers.refusal(
        .unsupportedMediaType,
        RPCError(
          .invalidArgument, reason: "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json.", code: 3),
        closes: true)
    }
    let accept = request.headers[values: .accept].joined(separator: ",")
    let framing = AnswerFraming.forStream(accept: accept.isEmpty ? nil : accept)
    guard let framing else {
      return HTTPAnswers.refusal(
        .notAcceptable,
        RPCError(
          .invalidArgument, reason: "NOT_ACCEPTABLE",
          "Accept must allow application/json, text/event-stream or application/x-ndjson.", code: 3), closes: true)
    }
    let context: RPCContext
    do {
      context = try self.context(request)
    } catch {
      return HTTPAnswers.json(RPCResponse(id: .null, error: error).encoded())
    }
    let body: [UInt8]
    do {
      guard let read = try await read(request.body) else { return tooLarge }
      body = read
    } catch {
      return HTTPAnswers.refusal(
        .badRequest, RPCError(.cancelled, reason: "BODY_INCOMPLETE", "The body ended too early."), closes: true)
    }
    let message = dispatcher.read(body[...])
    if case .stream(let call) = message, framing != .json {
      return RPCStreamAnswer(dispatcher: dispatcher, limits: limits).response(
        to: call, context: context, framing: framing, connection: connection)
    }
    guard let answer = await dispatcher.respond(to: message, context: context) else {
      return Response(status: .noContent)
    }
    return HTTPAnswers.json(answer)
  }

  private func context(_ request: Request) throws(RPCError) -> RPCContext {
    var metadata: [String: String] = [:]
    for field in request.headers {
      let name = field.name.canonicalName
      metadata[name] = metadata[name].map { "\($0), \(field.value)" } ?? field.value
    }
    var context = RPCContext(metadata: metadata)
    context.lastEventID = metadata["last-event-id"]
    if let text = metadata["tally-timeout-ms"] {
      guard let milliseconds = Int(text), milliseconds > 0 else {
        throw .invalidRequest("The header Tally-Timeout-Ms must be a positive whole number of milliseconds.")
      }
      context.deadlineMilliseconds = milliseconds
    }
    return context
  }

  /// The body's bytes; nil when there are more than the limit.
  private func read(_ body: RequestBody) async throws -> [UInt8]? {
    var bytes: [UInt8] = []
    for try await piece in body {
      if bytes.count + piece.readableBytes > limits.requestBodyBytes { return nil }
      bytes.append(contentsOf: piece.readableBytesView)
    }
    return bytes
  }

  private var tooLarge: Response {
    HTTPAnswers.refusal(
      .contentTooLarge,
      RPCError(
        .resourceExhausted, reason: "BODY_TOO_LARGE",
        "The body is larger than \(limits.requestBodyBytes) bytes (requestBodyBytes)."), closes: true)
  }

  /// JSON in any spelling, with or without parameters; a missing type counts as JSON.
  static func isJSON(_ contentType: String?) -> Bool {
    guard let contentType else { return true }
    let type = (contentType.split(separator: ";", omittingEmptySubsequences: false).first ?? "").trimmed.lowercased()
    return type == "application/json" || type == "application/json-rpc"
  }
}
