import Synchronization

/// A time in which a runner claims no job, because the machine lacks something that every job needs: its data folder, or file
/// descriptors.
final class ClaimPause: Sendable {
  private static let length = Duration.seconds(2)
  private let end = Mutex<ContinuousClock.Instant?>(nil)

  var isOn: Bool { end.withLock { $0.map { .now < $0 } ?? false } }

  func begin() { end.withLock { $0 = .now + ClaimPause.length } }
}
