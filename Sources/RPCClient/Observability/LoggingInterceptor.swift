#if Logging
  public import Logging

  /// Writes a line to swift-log for every call: what, how it ended, how long it took. Streams and downloads are told as they
  /// open. There with the package's trait `Logging`.
  public struct LoggingInterceptor: RPCInterceptor {
    private let logger: Logger
    private let level: Logger.Level
    private let failureLevel: Logger.Level

    /// Writes to that logger.
    ///
    /// - Parameters:
    ///   - level: of calls that succeed.
    ///   - failureLevel: of calls that fail.
    public init(_ logger: Logger, level: Logger.Level = .debug, failureLevel: Logger.Level = .info) {
      (self.logger, self.level, self.failureLevel) = (logger, level, failureLevel)
    }

    /// Carries the call on, and writes what came of it.
    public func intercept<Answer: Sendable>(
      _ call: RPCCall, next: @Sendable (RPCCall) async throws -> Answer
    ) async throws -> Answer {
      let start = ContinuousClock.now
      do {
        let answer = try await next(call)
        logger.log(level: level, "call", metadata: fields(call, "OK", start))
        return answer
      } catch {
        var fields = fields(call, CallOutcome.name(of: error), start)
        fields["error"] = "\(error)"
        logger.log(level: failureLevel, "call failed", metadata: fields)
        throw error
      }
    }

    private func fields(_ call: RPCCall, _ status: String, _ start: ContinuousClock.Instant) -> Logger.Metadata {
      ["method": "\(call.name)", "status": "\(status)", "ms": "\((ContinuousClock.now - start) / .milliseconds(1))"]
    }
  }
#endif
