/// Memory of one thread that grows by asking the budget; what it held is gone then.
struct GrowingBuffer: ~Copyable {
  private var pages: PageBuffer
  private(set) var base: UnsafeMutableRawPointer
  private(set) var count: Int
  private let budget: MemoryBudget
  private let what: String

  init(bytes: Int, budget: MemoryBudget, for what: String) throws(BudgetExceeded) {
    let pages = try PageBuffer(bytes: bytes, budget: budget, for: what)
    self.pages = pages
    base = pages.base
    count = pages.count
    self.budget = budget
    self.what = what
  }

  mutating func grow(to bytes: Int) throws(BudgetExceeded) {
    guard bytes > count else { return }
    pages = try PageBuffer(bytes: max(bytes, count * 2), budget: budget, for: what)
    base = pages.base
    count = pages.count
  }
}
