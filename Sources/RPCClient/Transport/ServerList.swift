/// Which of several servers is asked: pure. The one that has served last, as long as it does; one that couldn't be reached
/// is asked again after a while, or when all the others can't be reached either.
struct ServerList {
  let servers: [ServerAddress]
  private var current = 0
  private var failedAt: [Int: ContinuousClock.Instant] = [:]
  /// How long a server that couldn't be reached is passed over.
  private static let passedOver: Duration = .seconds(10)

  init(_ servers: [ServerAddress]) { self.servers = servers }

  /// The server to ask now.
  mutating func next(at now: ContinuousClock.Instant) -> Int {
    let count = servers.count
    let order = (0..<count).map { (current + $0) % count }
    failedAt = failedAt.filter { now - $0.value < ServerList.passedOver }
    // All of them have failed: the one whose failure is oldest.
    current =
      order.first { failedAt[$0] == nil } ?? order.min { (failedAt[$0] ?? now) < (failedAt[$1] ?? now) } ?? current
    return current
  }

  mutating func served(_ index: Int) { failedAt[index] = nil }

  mutating func failed(_ index: Int, at now: ContinuousClock.Instant) { failedAt[index] = now }
}
