/// What stands around every call of a client: it may look at it, change its metadata and deadline, refuse it, do it again,
/// and look at its outcome.
///
/// ```swift
/// struct FreshToken: RPCInterceptor {
///   func intercept<Answer: Sendable>(
///     _ call: RPCCall, next: @Sendable (RPCCall) async throws -> Answer
///   ) async throws -> Answer {
///     var call = call
///     call.metadata["Authorization"] = "Bearer " + (try await token())
///     return try await next(call)
///   }
/// }
/// ```
/// A unary call or a batch passes once, with its repetitions inside; a stream and a download pass with every connection
/// that they open, and their events and bytes come afterwards.
public protocol RPCInterceptor: Sendable {
  /// - Parameter next: the interceptors that stand behind this one, and the transport.
  func intercept<Answer: Sendable>(
    _ call: RPCCall, next: @Sendable (RPCCall) async throws -> Answer
  ) async throws -> Answer
}

extension [any RPCInterceptor] {
  /// Runs the body behind all interceptors; the first one stands outermost.
  func run<Answer: Sendable>(
    _ call: RPCCall, _ body: @Sendable (RPCCall) async throws -> Answer
  ) async throws -> Answer {
    try await self[...].run(call, body)
  }
}

extension ArraySlice<any RPCInterceptor> {
  fileprivate func run<Answer: Sendable>(
    _ call: RPCCall, _ body: @Sendable (RPCCall) async throws -> Answer
  ) async throws -> Answer {
    guard let first else { return try await body(call) }
    return try await first.intercept(call) { try await dropFirst().run($0, body) }
  }
}
