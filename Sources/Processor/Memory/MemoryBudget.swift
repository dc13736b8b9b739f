import Synchronization

/// The memory of one job, in bytes. Every allocation that grows asks it first; who is refused spills or fails.
final class MemoryBudget: Sendable {
  let limitBytes: Int
  private let used = Atomic<Int>(0)

  init(limitBytes: Int) { self.limitBytes = limitBytes }

  var usedBytes: Int { used.load(ordering: .relaxed) }

  /// Takes the bytes, or nothing when they would exceed the limit.
  func reserve(_ bytes: Int) -> Bool {
    let (_, now) = used.add(bytes, ordering: .relaxed)
    if now <= limitBytes { return true }
    used.subtract(bytes, ordering: .relaxed)
    return false
  }

  func release(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }
}

/// A job needs more memory at once than its budget has.
struct BudgetExceeded: Error {
  var neededBytes: Int
  var what: String
}
