import Synchronization

/// Whether a job may wait for uploads: known without a question to the tables, since nobody else writes them.
final class UploadWaits: Sendable {
  private struct State {
    var mayBeSome = true
    var submissions = 0
  }

  private let state = Mutex(State())

  var mayBeSome: Bool { state.withLock { $0.mayBeSome } }

  /// A job has been written that reads uploads.
  func begin() {
    state.withLock { state in
      state.mayBeSome = true
      state.submissions += 1
    }
  }

  /// - Returns: what ``areNone(since:)`` is told if there is none; nil: that is known already.
  func look() -> Int? { state.withLock { $0.mayBeSome ? $0.submissions : nil } }

  /// There was none at a look. A job that came meanwhile may not have been seen.
  func areNone(since known: Int) {
    state.withLock { state in
      if state.submissions == known { state.mayBeSome = false }
    }
  }
}
