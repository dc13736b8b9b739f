import Access
public import Logging
public import TallySchema

/// Takes calls to their handlers, through the interceptors, and turns whatever comes back into a response. It knows no
/// transport: HTTP, a test in the same process and a batch all come through here.
public struct RPCDispatcher: Sendable {
  public let router: RPCRouter
  private let interceptors: [any RPCInterceptor]
  private let decoder: RPCMessageDecoder
  private let limits: Limits
  private let logger: Logger

  public init(
    router: RPCRouter, interceptors: [any RPCInterceptor] = [], limits: Limits,
    logger: Logger = Logger(label: "tally.rpc")
  ) {
    self.router = router
    self.interceptors = interceptors
    self.limits = limits
    self.logger = logger
    decoder = RPCMessageDecoder(limits: limits)
  }

  /// What a body asks for.
  public enum Request: Sendable {
    /// One call of a stream method that wants an answer: for the transport to stream, if its caller takes streams.
    case stream(RPCRequest)
    case other(RPCMessage)
    case invalid(RPCError)
  }

  public func read(_ body: ArraySlice<UInt8>) -> Request {
    do throws(RPCError) {
      let message = try decoder.decode(body)
      if case .single(.call(let request)) = message, request.id != nil, router.entry(request.method)?.isStream == true {
        return .stream(request)
      }
      return .other(message)
    } catch {
      return .invalid(error)
    }
  }

  /// What a stream will begin with, where that can be told before.
  ///
  /// - Throws: ``RPCError``: the stream would hold nothing but this error.
  public func opening(of request: RPCRequest, context: RPCContext) async throws(RPCError) -> StreamOpening {
    guard let entry = router.entry(request.method), let opening = entry.opening else { return .messages }
    try context.principal.require(entry.descriptor.scope)
    do {
      return try await open(RPCCall(request: request, context: context), opening, interceptors[...])
    } catch let error as RPCError {
      throw error
    } catch {
      logger.error("a stream can't be opened", metadata: ["method": "\(request.method)", "error": "\(error)"])
      throw .internalError
    }
  }

  private func open(
    _ call: RPCCall, _ opening: @escaping RPCRouter.Opening, _ rest: ArraySlice<any RPCInterceptor>
  ) async throws -> StreamOpening {
    guard let first = rest.first else { return try await opening(call) }
    return try await first.interceptOpening(call) { try await open($0, opening, rest.dropFirst()) }
  }

  /// Answers a body in one piece; nil where nothing is to be answered, because it held notifications only.
  public func respond(to request: Request, context: RPCContext) async -> [UInt8]? {
    switch request {
    case .invalid(let error): RPCResponse(id: .null, error: error).encoded()
    case .stream(let call): await respond(to: .call(call), context: context)
    case .other(.single(let item)): await respond(to: item, context: context)
    case .other(.batch(let items)): await respond(toBatch: items, context: context)
    }
  }

  /// Answers one call as a stream: its events, then exactly one response.
  public func stream(_ request: RPCRequest, context: RPCContext, to writer: any RPCEventWriter) async throws {
    var context = context
    context.delivery = .stream
    let (response, cursor) = await perform(RPCCall(request: request, context: context), writer)
    try Task.checkCancellation()
    try await writer.write(RPCEvent(cursor: cursor, message: response.encoded()))
  }

  private func respond(to item: RPCItem, context: RPCContext, room: ResponseRoom? = nil) async -> [UInt8]? {
    switch item {
    case .invalid(let id, let error): return RPCResponse(id: id, error: error).encoded()
    case .call(let request):
      guard room?.isFull != true else {
        return request.id.map { RPCResponse(id: $0, error: notCarriedOut).encoded() }
      }
      let (response, _) = await perform(RPCCall(request: request, context: context), NoEventWriter())
      guard let id = request.id else { return nil }
      let bytes = response.encoded(bytesMost: limits.responseBytes)
      guard let bytes, room?.take(bytes.count) ?? true else { return RPCResponse(id: id, error: tooLarge).encoded() }
      return bytes
    }
  }

  /// The items run at the same time, within a limit; their answers stand in the order of the request, and share the room of
  /// one response.
  private func respond(toBatch items: [RPCItem], context: RPCContext) async -> [UInt8]? {
    var answers = [[UInt8]?](repeating: nil, count: items.count)
    let room = ResponseRoom(bytes: limits.responseBytes)
    await withTaskGroup(of: (Int, [UInt8]?).self) { group in
      var next = 0
      func start() {
        guard next < items.count else { return }
        let (index, item) = (next, items[next])
        next += 1
        group.addTask { (index, await respond(to: item, context: context, room: room)) }
      }
      for _ in 0..<limits.batchConcurrency { start() }
      for await (index, answer) in group {
        answers[index] = answer
        start()
      }
    }
    let given = answers.compactMap { $0 }
    return given.isEmpty ? nil : RPCResponse.encoded(batch: given)
  }

  private var notCarriedOut: RPCError {
    RPCError(
      .resourceExhausted, reason: "RESPONSE_TOO_LARGE",
      "The call wasn't carried out: the answers before it fill the batch's \(limits.responseBytes) bytes (responseBytes). Send "
        + "fewer calls at a time.")
  }

  private var tooLarge: RPCError {
    RPCError(
      .resourceExhausted, reason: "RESPONSE_TOO_LARGE",
      "The answer is larger than \(limits.responseBytes) bytes (responseBytes). Ask for less at a time.")
  }

  private func perform(_ call: RPCCall, _ writer: any RPCEventWriter) async -> (RPCResponse, cursor: String?) {
    let id = call.request.id ?? .null
    do {
      guard let entry = router.entry(call.request.method) else { throw RPCError.methodNotFound(call.request.method) }
      try call.context.principal.require(entry.descriptor.scope)
      let answer = try await run(call, entry, writer, interceptors[...])
      return (RPCResponse(id: id, result: answer.result), answer.cursor)
    } catch let error as RPCError {
      return (RPCResponse(id: id, error: error), nil)
    } catch is CancellationError {
      return (RPCResponse(id: id, error: RPCError(.cancelled, reason: "CANCELLED", "The call was cancelled.")), nil)
    } catch {
      logger.error("a handler failed", metadata: ["method": "\(call.request.method)", "error": "\(error)"])
      return (RPCResponse(id: id, error: .internalError), nil)
    }
  }

  private func run(
    _ call: RPCCall, _ entry: RPCRouter.Entry, _ writer: any RPCEventWriter, _ rest: ArraySlice<any RPCInterceptor>
  ) async throws -> RPCAnswer {
    guard let first = rest.first else { return try await entry.handler(call, writer) }
    return try await first.intercept(call, entry.descriptor, writer) { call, writer in
      try await run(call, entry, writer, rest.dropFirst())
    }
  }
}
