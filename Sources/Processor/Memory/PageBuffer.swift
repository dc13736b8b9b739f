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
  init(bytes: Int, budget: MemoryBudget, for what: String, isHuge: Bool = false) throws(BudgetExceeded) {
    count = PageBuffer.wholePages(bytes)
    guard budget.reserve(count) else { throw BudgetExceeded(neededBytes: count, what: what) }
    self.budget = budget
    guard let memory = isHuge ? PageMapping.mapHuge(count) : PageMapping.map(count) else {
      budget.release(count)
      throw BudgetExceeded(neededBytes: count, what: "\(what) (the machine has no memory left)")
    }
    base = memory
  }

  static func wholePages(_ bytes: Int) -> Int {
    let page = 4_096
    return max(page, (bytes + page - 1) / page * page)
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
