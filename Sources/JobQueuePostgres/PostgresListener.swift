import JobQueue

/// Hears of submissions and cancellations by other processes, on a connection of its own. What is lost while it is away is
/// found by those who poll.
struct PostgresListener: Sendable {
  private let task: Task<Void, Never>

  init(loop: PostgresLoop, url: String, channel: String, signal: ChangeSignal) {
    task = Task {
      while !Task.isCancelled {
        // Whatever ends it, it begins anew.
        try? await PostgresListener.listen(loop, url, channel, signal)
        try? await Task.sleep(for: .milliseconds(Int.random(in: 500...1_500)))
      }
    }
  }

  /// Ends it, and waits until it has ended.
  func stop() async {
    task.cancel()
    await task.value
  }

  private static func listen(_ loop: PostgresLoop, _ url: String, _ channel: String, _ signal: ChangeSignal)
    async throws
  {
    let id = try await loop.connect(url, onNotification: { signal.notify() })
    defer { loop.disconnect(id) }
    _ = try await loop.run([PostgresStatement("LISTEN \(channel)")], on: id)
    // What was told before it listened.
    signal.notify()
    // A question now and then: a connection that has silently gone is found out.
    while true {
      try await Task.sleep(for: .seconds(5))
      _ = try await loop.run([PostgresStatement("SELECT 1")], on: id)
    }
  }
}
