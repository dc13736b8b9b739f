import Synchronization

/// How many more jobs a runner may start.
final class RunnerSlots: Sendable {
  private let count: Int
  private let free: Mutex<Int>

  init(_ count: Int) {
    self.count = count
    free = Mutex(count)
  }

  /// Whether only the slot that was taken last is in use.
  var isFirst: Bool { free.withLock { $0 == count - 1 } }

  func take() -> Bool {
    free.withLock { free in
      if free == 0 { return false }
      free -= 1
      return true
    }
  }

  func giveBack() { free.withLock { $0 += 1 } }
}
