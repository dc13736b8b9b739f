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
  /// Dispatch's sources may be used from any thread; its module only doesn't say so.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer

  init() {
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "tally.deadlines"))
    timer.setEventHandler { [weak self] in self?.ring() }
    timer.resume()
  }

  deinit { timer.cancel() }

  /// - Parameter onExpiry: called once, on a thread of the queue, unless the deadline is removed before.
  func add(_ moment: DispatchTime, onExpiry: @escaping @Sendable () -> Void) -> DeadlineID {
    state.withLock { state in
      state.nextID += 1
      state.entries[state.nextID] = Entry(moment: moment, onExpiry: onExpiry)
      if state.wakesAt.map({ moment < $0 }) ?? true { wake(at: moment, &state) }
      return state.nextID
    }
  }

  /// - Returns: whether it was still to come.
  func remove(_ id: DeadlineID) -> Bool {
    let entry = state.withLock { $0.entries.removeValue(forKey: id) }
    // The timer may ring late; the clock says.
    return entry.map { .now() < $0.moment } ?? false
  }

  /// Under the lock, so that the timer has what the state says.
  private func wake(at moment: DispatchTime, _ state: inout State) {
    state.wakesAt = moment
    timer.schedule(deadline: moment, leeway: .milliseconds(1))
  }

  private func ring() {
    let expired = state.withLock { state -> [Entry] in
      let now = DispatchTime.now()
      let expired = state.entries.filter { $0.value.moment <= now }
      for id in expired.keys { state.entries[id] = nil }
      state.wakesAt = nil
      if let next = state.entries.values.lazy.map({ $0.moment }).min() { wake(at: next, &state) }
      return expired.values.sorted { $0.moment < $1.moment }
    }
    for entry in expired { entry.onExpiry() }
  }
}
