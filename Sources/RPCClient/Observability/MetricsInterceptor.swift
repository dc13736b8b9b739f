#if Metrics
  public import Metrics

  /// Measures every call with swift-metrics: the timer `tally_client_call`, by method and gRPC status. Of streams and downloads
  /// it measures how long they take to open. There with the package's trait `Metrics`.
  public struct MetricsInterceptor: RPCInterceptor {
    private let factory: (any MetricsFactory)?

    /// - Parameter factory: nil: the process's own.
    public init(factory: (any MetricsFactory)? = nil) { self.factory = factory }

    /// Carries the call on, and counts and times it.
    public func intercept<Answer: Sendable>(
      _ call: RPCCall, next: @Sendable (RPCCall) async throws -> Answer
    ) async throws -> Answer {
      let start = ContinuousClock.now
      do {
        let answer = try await next(call)
        record(call, "OK", start)
        return answer
      } catch {
        record(call, CallOutcome.name(of: error), start)
        throw error
      }
    }

    private func record(_ call: RPCCall, _ status: String, _ start: ContinuousClock.Instant) {
      let dimensions = [("method", MetricsInterceptor.label(call)), ("status", status)]
      let timer = Timer(
        label: "tally_client_call", dimensions: dimensions, factory: factory ?? MetricsSystem.factory)
      timer.recordNanoseconds(Int64((ContinuousClock.now - start) / .nanoseconds(1)))
    }

    /// Few different ones, as long as raw calls name few methods.
    private static func label(_ call: RPCCall) -> String {
      switch call.kind {
      case .unary, .stream: call.name
      case .batch: "batch"
      case .download: "download"
      case .upload: "upload"
      }
    }
  }
#endif
