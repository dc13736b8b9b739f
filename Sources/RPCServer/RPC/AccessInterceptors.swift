public import Schema

/// Lets only calls pass whose metadata a rule accepts. Transports refuse earlier where they can; this holds for every call
/// however it came, each item of a batch too.
public struct AuthInterceptor: RPCInterceptor {
  private let accepts: @Sendable (RPCContext) -> Bool

  public init(accepts: @escaping @Sendable (RPCContext) -> Bool) { self.accepts = accepts }

  public func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer {
    guard accepts(call.context) else {
      throw AuthInterceptor.error(isSent: call.context.metadata["authorization"] != nil)
    }
    return try await next(call, writer)
  }

  /// - Parameter isSent: whether there was an `Authorization`, and not the right one.
  static func error(isSent: Bool) -> RPCError {
    RPCError(
      .unauthenticated, reason: "TOKEN_REQUIRED",
      (isSent ? "What was sent in Authorization isn't the server's token. " : "")
        + "Send the server's token: Authorization: Bearer ….")
  }
}

/// Refuses unary calls while too many are being answered: each item of a batch counts. Streams have a limit of their own.
public struct LimitInterceptor: RPCInterceptor {
  private let limit: InFlightLimit

  init(limit: InFlightLimit) { self.limit = limit }

  public func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer {
    guard descriptor.description.event == nil else { return try await next(call, writer) }
    guard limit.take() else { throw LimitInterceptor.tooManyCalls(limit.most) }
    defer { limit.giveBack() }
    return try await next(call, writer)
  }

  static func tooManyCalls(_ most: Int) -> RPCError {
    RPCError(
      .resourceExhausted, reason: "TOO_MANY_CALLS",
      "\(most) calls are being answered, which is the limit (callsInFlight). Try again.", retryAfterMilliseconds: 1_000)
  }
}
