#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory of whole pages, straight from the kernel and straight back to it, charged to a budget while it lives: so that
/// a freed buffer leaves the process at once, whatever the allocator's thresholds.
///
/// `@unchecked Sendable`: the buffer's own fields never change; what stands in its memory is its owner's to guard.
final class PageBuffer: @unchecked Sendable {
  let base: UnsafeMutableRawPointer
  let count: Int
  private let budget: MemoryBudget

  /// - Throws: ``BudgetExceeded``.
  init(bytes: Int, budget: MemoryBudget, for what: String) throws(BudgetExceeded) {
    let page = 4_096
    count = max(page, (bytes + page - 1) / page * page)
    guard budget.reserve(count) else { throw BudgetExceeded(neededBytes: count, what: what) }
    self.budget = budget
    let flags = MAP_PRIVATE | MAP_ANON
    guard let memory = mmap(nil, count, PROT_READ | PROT_WRITE, flags, -1, 0), memory != MAP_FAILED else {
      budget.release(count)
      throw BudgetExceeded(neededBytes: count, what: "\(what) (the machine has no memory left)")
    }
    base = memory
  }

  deinit {
    munmap(base, count)
    budget.release(count)
  }

  func bound<Element>(to: Element.Type) -> UnsafeMutableBufferPointer<Element> {
    let pointer = base.bindMemory(to: Element.self, capacity: count / MemoryLayout<Element>.stride)
    return UnsafeMutableBufferPointer(start: pointer, count: count / MemoryLayout<Element>.stride)
  }
}
