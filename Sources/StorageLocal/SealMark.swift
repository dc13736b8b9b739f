import Synchronization

/// Whether something has come to its end: set once, by one thread, and read by another.
final class SealMark: Sendable {
  private let mark = Atomic(false)

  var isSet: Bool { mark.load(ordering: .acquiring) }

  func set() { mark.store(true, ordering: .releasing) }
}
