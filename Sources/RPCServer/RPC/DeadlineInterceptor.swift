public import Schema

/// Ends a call at its deadline: the caller's, else the method's own.
public struct DeadlineInterceptor: RPCInterceptor {
  private let deadlines = DeadlineQueue()

  public init() {}

  public func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer {
    guard let milliseconds = call.context.deadlineMilliseconds ?? descriptor.defaultDeadlineMilliseconds else {
      return try await next(call, writer)
    }
    return try await withoutActuallyEscaping(next) { next in
      let work = Task { try await next(call, writer) }
      let deadline = deadlines.add(milliseconds: milliseconds) { work.cancel() }
      let outcome = await withTaskCancellationHandler {
        await work.result
      } onCancel: {
        work.cancel()
      }
      guard deadlines.remove(deadline) else {
        throw RPCError(
          .deadlineExceeded, reason: "DEADLINE_EXCEEDED",
          "The call took longer than its deadline of \(milliseconds) ms (Tally-Timeout-Ms).")
      }
      return try outcome.get()
    }
  }
}
