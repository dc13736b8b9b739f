import Dispatch
import Synchronization

/// The deadlines of the calls that are under way. Almost every call ends before its own, so adding and removing one must
/// cost little: there is one timer for all of them, which is set anew only when a nearer deadline comes.
final class DeadlineQueue: Sendable {
  typealias DeadlineID = Int

  private struct Entry {
    var moment: DispatchTime
    var onExpiry: @Sendable () -> Void
  }

  private struct State {
    var nextID = 0
    var entries: [DeadlineID: Entry] = [:]
    /// When the timer rings next; nil: it isn't set.
    var wakesAt: DispatchTime?
  }

  private let state = Mutex(State())
  private let timer = DispatchQueue(label: "tally.deadlines")

  /// - Parameter onExpiry: called once, on a thread of the queue, unless the deadline is removed before.
  func add(milliseconds: Int, onExpiry: @escaping @Sendable () -> Void) -> DeadlineID {
    let moment = DispatchTime.now() + .milliseconds(milliseconds)
    let (id, isNearest) = state.withLock { state in
      state.nextID += 1
      state.entries[state.nextID] = Entry(moment: moment, onExpiry: onExpiry)
      let isNearest = state.wakesAt.map { moment < $0 } ?? true
      if isNearest { state.wakesAt = moment }
      return (state.nextID, isNearest)
    }
    if isNearest { wake(at: moment) }
    return id
  }

  /// - Returns: whether it was still to come.
  func remove(_ id: DeadlineID) -> Bool { state.withLock { $0.entries.removeValue(forKey: id) != nil } }

  private func wake(at moment: DispatchTime) {
    timer.asyncAfter(deadline: moment) { [self] in ring(at: moment) }
  }

  private func ring(at moment: DispatchTime) {
    let (expired, next) = state.withLock { state -> ([Entry], DispatchTime?) in
      // A nearer deadline had set the timer anew, and that one has rung or will ring.
      guard state.wakesAt == moment else { return ([], nil) }
      let expired = state.entries.filter { $0.value.moment <= moment }
      for id in expired.keys { state.entries[id] = nil }
      state.wakesAt = state.entries.values.lazy.map(\.moment).min()
      return (Array(expired.values), state.wakesAt)
    }
    if let next { wake(at: next) }
    for entry in expired { entry.onExpiry() }
  }
}
