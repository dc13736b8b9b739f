import Access
import HTTPTypes
import HummingbirdCore
import NIOCore
import TallySchema

/// `/rpc`: HTTP in, calls to the dispatcher, HTTP out.
struct RPCEndpoint: Sendable {
  let dispatcher: RPCDispatcher
  let limits: Limits
  let inFlight: InFlightLimit

  /// Answers smaller than this aren't worth compressing.
  private static let compressedBytesLeast = 1_024

  /// A refusal of the transport, made where the request is found wanting.
  struct Refusal: Error {
    var response: Response
    init(_ status: HTTPResponse.Status, _ error: RPCError, headers: HTTPFields = [:]) {
      response = HTTPAnswers.refusal(status, error, headers: headers, closes: true)
    }
  }

  func post(_ request: Request, principal: Principal, presence: ConnectionPresence) async -> Response {
    do throws(Refusal) {
      try checkHeaders(request, presence)
      let framing = try framing(request)
      let body = try await body(request)
      return try await answer(dispatcher.read(body[...]), request, framing, principal: principal, presence)
    } catch {
      return error.response
    }
  }

  /// `GET /rpc?method=…&params=…&id=…`, for methods that only read: what a browser's EventSource can ask.
  func get(_ request: Request, principal: Principal, presence: ConnectionPresence) async -> Response {
    do throws(Refusal) {
      let framing = try framing(request)
      let call: RPCRequest
      switch QueryCall.read(request.uri.query ?? "", limits: limits) {
      case .invalid(let id, let error): return HTTPAnswers.json(RPCResponse(id: id, error: error).encoded())
      case .call(let read): call = read
      }
      let descriptor = dispatcher.router.entry(call.method)?.descriptor
      if let descriptor, descriptor.idempotency != .safe {
        throw Refusal(
          .methodNotAllowed,
          RPCError(.unimplemented, reason: "METHOD_NOT_SAFE", "\(call.method) changes something: call it by POST."),
          headers: [.allow: "POST"])
      }
      let isStream = dispatcher.router.entry(call.method)?.isStream == true
      return try await answer(
        isStream ? .stream(call) : .other(.single(.call(call))), request, framing, principal: principal, presence)
    } catch {
      return error.response
    }
  }

  // MARK: The request

  private func checkHeaders(_ request: Request, _ presence: ConnectionPresence) throws(Refusal) {
    guard RPCEndpoint.isJSON(request.headers[.contentType]) else {
      throw Refusal(
        .unsupportedMediaType,
        RPCError(
          .invalidArgument, reason: "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json.", code: 3))
    }
    let length = request.headers[.contentLength]
    if presence.version == .http1, length == nil, request.headers[.transferEncoding] == nil {
      throw Refusal(
        .lengthRequired,
        RPCError(.invalidArgument, reason: "LENGTH_REQUIRED", "Send Content-Length, or a chunked body.", code: 3))
    }
    if let bytes = length.flatMap({ Int($0) }), bytes > limits.requestBodyBytes { throw tooLarge }
  }

  private func framing(_ request: Request) throws(Refusal) -> AnswerFraming {
    let accept = request.headers.contains(.accept) ? request.headers[values: .accept].joined(separator: ",") : ""
    guard let framing = AnswerFraming.forStream(accept: accept.isEmpty ? nil : accept) else {
      throw Refusal(
        .notAcceptable,
        RPCError(
          .invalidArgument, reason: "NOT_ACCEPTABLE",
          "Accept must allow application/json, text/event-stream or application/x-ndjson.", code: 3))
    }
    return framing
  }

  private func body(_ request: Request) async throws(Refusal) -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      for try await piece in request.body {
        if bytes.count + piece.readableBytes > limits.requestBodyBytes { throw tooLarge }
        bytes.append(contentsOf: piece.readableBytesView)
      }
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      throw Refusal(
        .badRequest, RPCError(.cancelled, reason: "BODY_INCOMPLETE", "The body ended too early.", code: 3))
    }
    switch request.headers[.contentEncoding].map({ HeaderText.token($0) ?? "unknown" }) {
    case nil, "identity": return bytes
    case "gzip", "x-gzip":
      do throws(GzipCodec.Problem) {
        return try GzipCodec.expand(bytes, limitBytes: limits.requestBodyBytes)
      } catch {
        if error == .tooLarge { throw tooLarge }
        throw Refusal(
          .badRequest, RPCError(.invalidArgument, reason: "INVALID_GZIP", "The body is no whole gzip stream.", code: 3))
      }
    default:
      throw Refusal(
        .unsupportedMediaType,
        RPCError(
          .invalidArgument, reason: "UNSUPPORTED_ENCODING", "Content-Encoding must be gzip or identity.", code: 3))
    }
  }

  private var tooLarge: Refusal {
    Refusal(
      .contentTooLarge,
      RPCError(
        .resourceExhausted, reason: "BODY_TOO_LARGE",
        "The body is larger than \(limits.requestBodyBytes) bytes (requestBodyBytes)."))
  }

  /// JSON in any spelling, with or without parameters; a missing type counts as JSON.
  static func isJSON(_ contentType: String?) -> Bool {
    // Almost all say it in these bytes.
    guard let contentType, !contentType.hasSameBytes(as: "application/json") else { return true }
    let type = HeaderText.parts(contentType, by: ";", most: 2).first.flatMap(HeaderText.token)
    return type == "application/json" || type == "application/json-rpc"
  }

  private func context(_ request: Request, principal: Principal) throws(RPCError) -> RPCContext {
    var metadata: [String: String] = [:]
    for field in request.headers {
      let name = field.name.canonicalName
      metadata[name] = metadata[name].map { "\($0), \(field.value)" } ?? field.value
    }
    var context = RPCContext(principal: principal, metadata: metadata)
    context.lastEventID = metadata["last-event-id"]
    if let text = metadata["tally-timeout-ms"] {
      guard let milliseconds = Int(text), milliseconds > 0 else {
        throw .invalidRequest("The header Tally-Timeout-Ms must be a positive whole number of milliseconds.")
      }
      context.deadlineMilliseconds = min(milliseconds, limits.deadlineMilliseconds)
    }
    return context
  }

  // MARK: The answer

  private func answer(
    _ message: RPCDispatcher.Request, _ request: Request, _ framing: AnswerFraming, principal: Principal,
    _ presence: ConnectionPresence
  ) async throws(Refusal) -> Response {
    var context: RPCContext
    do throws(RPCError) {
      context = try self.context(request, principal: principal)
    } catch {
      return HTTPAnswers.json(RPCResponse(id: .null, error: error).encoded())
    }
    if case .stream(let call) = message, framing != .json {
      if request.method == .get, let answer = await refusal(toOpen: call, context) { return answer }
      return RPCStreamAnswer(dispatcher: dispatcher, limits: limits).response(
        to: call, context: context, framing: framing, presence: presence)
    }
    // A long poll has its place among the streams, and would hold one here for as long as it waits.
    let isCounted = if case .stream = message { false } else { true }
    guard !isCounted || inFlight.take() else {
      throw Refusal(
        .tooManyRequests,
        InFlightLimit.tooManyCalls(inFlight.most), headers: [.retryAfter: "1"])
    }
    defer { if isCounted { inFlight.giveBack() } }
    context.caller = presence
    guard let answer = await dispatcher.respond(to: message, context: context) else {
      return Response(status: .noContent)
    }
    return encoded(answer, request)
  }

  /// The answer to an EventSource for which there is no stream: it asks again for ever, unless it is told by a status that
  /// there is nothing more, or that something is wrong.
  private func refusal(toOpen call: RPCRequest, _ context: RPCContext) async -> Response? {
    do throws(RPCError) {
      return try await dispatcher.opening(of: call, context: context) == .over ? Response(status: .noContent) : nil
    } catch {
      // The client had begun to read this stream, and its job has been deleted meanwhile.
      if error.status == .notFound, context.lastEventID?.isEmpty == false { return Response(status: .noContent) }
      // A temporary error is sent in the stream, so that the browser reconnects; another HTTP status would make it give
      // up.
      if error.status == .unavailable || error.status == .resourceExhausted { return nil }
      let body = RPCResponse(id: call.id ?? .null, error: error).encoded()
      return HTTPAnswers.json(body, status: .init(code: error.status.httpStatus))
    }
  }

  private func encoded(_ answer: [UInt8], _ request: Request) -> Response {
    guard answer.count >= RPCEndpoint.compressedBytesLeast else { return HTTPAnswers.json(answer) }
    guard RPCEndpoint.takesGzip(request.headers[values: .acceptEncoding].joined(separator: ",")) else {
      return HTTPAnswers.json(answer, headers: [.vary: "Accept-Encoding"])
    }
    return HTTPAnswers.json(
      GzipCodec.compress(answer), headers: [.vary: "Accept-Encoding", .contentEncoding: "gzip"])
  }

  /// Whether an `Accept-Encoding` allows gzip (RFC 9110, section 12.5.3).
  static func takesGzip(_ accept: String) -> Bool {
    var anyQuality: Double?
    for part in HeaderText.parts(accept, by: ",") {
      let words = HeaderText.parts(part, by: ";").compactMap(HeaderText.token)
      let quality = HeaderText.weight(words.dropFirst())
      switch words.first {
      case "gzip", "x-gzip": return quality > 0
      case "*": anyQuality = quality
      default: continue
      }
    }
    return anyQuality.map { $0 > 0 } ?? false
  }
}
