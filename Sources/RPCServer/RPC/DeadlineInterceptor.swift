import Dispatch
public import TallySchema

/// Ends a call at its deadline, the caller's, else the method's own; and when its caller has gone.
public struct DeadlineInterceptor: RPCInterceptor {
  private let deadlines = DeadlineQueue()

  public init() {}

  public func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer {
    let milliseconds = call.context.deadlineMilliseconds ?? descriptor.defaultDeadlineMilliseconds
    let caller = call.context.caller
    guard milliseconds != nil || caller != nil else { return try await next(call, writer) }
    // From here, not from where the call has to wait for the first time.
    let moment = milliseconds.map { DispatchTime.now() + .milliseconds($0) }
    return try await withoutActuallyEscaping(next) { next in
      // A task of its own, which ends with its owner, and no group with a second one that waits: a call must cost little.
      let work = started { try await next(call, writer) }
      let deadline = moment.map { deadlines.add($0) { work.cancel() } }
      let forget = caller?.whenGone { work.cancel() }
      let outcome = await withTaskCancellationHandler {
        await work.result
      } onCancel: {
        work.cancel()
      }
      forget?()
      if let milliseconds, let deadline, !deadlines.remove(deadline) {
        throw RPCError(
          .deadlineExceeded, reason: "DEADLINE_EXCEEDED",
          "The call took longer than its deadline of \(milliseconds) ms (Tally-Timeout-Ms).")
      }
      return try outcome.get()
    }
  }

  /// A task that runs at once, on the caller's thread, as far as it comes without waiting: most calls have to wait once, for
  /// the store, or not at all.
  private func started(_ body: @escaping @Sendable () async throws -> RPCAnswer) -> Task<RPCAnswer, any Error> {
    if #available(macOS 26, *) { Task.immediate { try await body() } } else { Task { try await body() } }
  }
}
