import TallySchema

/// How a stream or a download that has broken comes back: after pauses that grow, for as long as the configuration allows.
struct Reconnection {
  private var failures = 0
  private var failingSince: ContinuousClock.Instant?

  /// The connection has served: the next failure is a first one.
  mutating func succeed() { (failures, failingSince) = (0, nil) }

  /// Waits before the next attempt.
  ///
  /// - Throws: the error, once it has gone on for too long; `CancellationError`.
  mutating func pause(after error: RPCClientError, _ configuration: TallyClient.Configuration) async throws {
    let now = ContinuousClock.now
    let since = failingSince ?? now
    failingSince = since
    failures += 1
    if now - since >= .milliseconds(configuration.reconnectMilliseconds) { throw error }
    let pause = configuration.retry.pause(
      attempt: failures, atLeast: error.retryAfterMilliseconds ?? 0, random: .random(in: 0...1))
    try await Task.sleep(for: .milliseconds(pause))
  }
}
