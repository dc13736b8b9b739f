public import Logging
public import TallySchema

/// Stands around every call, each item of a batch too: sees it, may change or refuse it, and sees its answer.
public protocol RPCInterceptor: Sendable {
  typealias Next = @Sendable (RPCCall, any RPCEventWriter) async throws -> RPCAnswer

  /// - Parameter descriptor: of the method that is called.
  func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer

  /// Stands around the look at a stream before it is begun.
  func interceptOpening(
    _ call: RPCCall, next: @Sendable (RPCCall) async throws -> StreamOpening
  ) async throws -> StreamOpening
}

extension RPCInterceptor {
  public func interceptOpening(
    _ call: RPCCall, next: @Sendable (RPCCall) async throws -> StreamOpening
  ) async throws -> StreamOpening {
    try await next(call)
  }
}

/// Logs each call with its outcome and how long it took.
public struct LogInterceptor: RPCInterceptor {
  private let logger: Logger

  public init(logger: Logger) { self.logger = logger }

  public func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer {
    guard logger.logLevel <= .debug else { return try await next(call, writer) }
    let start = ContinuousClock.now
    let result: Result<RPCAnswer, any Error>
    do {
      result = .success(try await next(call, writer))
    } catch {
      result = .failure(error)
    }
    let status =
      switch result {
      case .success: "OK"
      case .failure(let error as RPCError): error.status.name
      case .failure(is CancellationError): RPCStatus.cancelled.name
      case .failure(let error): "\(RPCStatus.internal.name) \(error)"
      }
    logger.debug(
      "call",
      metadata: [
        "method": "\(call.request.method)", "owner": "\(call.context.owner)", "status": "\(status)",
        "took": "\(ContinuousClock.now - start)",
      ])
    return try result.get()
  }
}
