import JobQueue

/// Hears of submissions and cancellations by other processes, on a connection of its own. What is lost while it is away is
/// found by those who poll.
actor PostgresListener {
  private let loop: PostgresLoop
  private let url: String
  private let channel: String
  private let signal: ChangeSignal
  private var task: Task<Void, Never>?

  init(loop: PostgresLoop, url: String, channel: String, signal: ChangeSignal) {
    self.loop = loop
    self.url = url
    self.channel = channel
    self.signal = signal
    task = nil
    Task { await start() }
  }

  private func start() { task = Task { [weak self] in await self?.listen() } }

  /// Ends it, and waits until it has ended.
  func stop() async {
    task?.cancel()
    await task?.value
  }

  private func listen() async {
    while !Task.isCancelled {
      do {
        let id = try await loop.connect(url, onNotification: { [signal] in signal.notify() })
        defer { loop.disconnect(id) }
        _ = try await loop.run([PostgresStatement("LISTEN \(channel)")], on: id)
        signal.notify()
        // A question now and then: a connection that has silently gone is found out.
        while true {
          try await Task.sleep(for: .seconds(5))
          _ = try await loop.run([PostgresStatement("SELECT 1")], on: id)
        }
      } catch {
        try? await Task.sleep(for: .milliseconds(Int.random(in: 500...1_500)))
      }
    }
  }
}
