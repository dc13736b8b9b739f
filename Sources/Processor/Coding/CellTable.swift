/// A thread's states of groups that are few: a cell for each combination of dictionary numbers below their limits, so
/// that a row is added without a search.
///
/// A cell is the plan's accumulators and behind them the count of its rows.
struct CellTable {
  private let limits: UnsafeMutableBufferPointer<Int>
  private let cells: UnsafeMutablePointer<Int64>
  private let words: Int
  private let count: Int
  // Pointers only: counting the owners of what threads share, for each row, would take most of the time.
  private let accumulators: UnsafeMutableBufferPointer<CodedPlan.Accumulator>

  /// - Parameters:
  ///   - limits: for each column.
  ///   - plan: which must outlive the table.
  ///   - pages: zeros, of ``bytes(_:_:)``, which must outlive the table.
  init(limits: [Int], plan: CodedPlan, pages: PageBuffer) {
    accumulators = plan.accumulators
    self.limits = .allocate(capacity: limits.count)
    _ = self.limits.initialize(fromContentsOf: limits)
    words = plan.cellWords + 1
    count = limits.reduce(1, *)
    cells = pages.base.bindMemory(to: Int64.self, capacity: count * words)
  }

  func deallocate() { limits.deallocate() }

  /// The most that there is where it doesn't fit in a word.
  static func bytes(_ limits: [Int], _ plan: CodedPlan) -> Int {
    limits.reduce((plan.cellWords + 1) * 8) { bytes, limit in
      let (product, overflow) = bytes.multipliedReportingOverflow(by: limit)
      return overflow ? .max : product
    }
  }

  /// Adds a row; false when its group has no cell.
  @inline(__always)
  func add(numbers: UnsafePointer<UInt32>, values: UnsafeRawPointer) -> Bool {
    var cell = 0
    for index in 0..<limits.count {
      let number = Int(numbers[index])
      if number >= limits[index] { return false }
      cell = cell &* limits[index] &+ number
    }
    let words = cells + cell &* self.words
    let counter = words + (self.words &- 1)
    let isNew = counter.pointee == 0
    CodedPlan.add(values, to: words, isNew: isNew, accumulators)
    counter.pointee &+= 1
    return true
  }

  /// The next cell in use, with its numbers, from the place (first 0), which moves on; nil when there is none.
  func next(_ place: inout Int) -> (numbers: [Int], cell: UnsafePointer<Int64>, rows: UInt64)? {
    while place < count, cells[place * words + words - 1] == 0 { place += 1 }
    guard place < count else { return nil }
    var numbers = [Int](repeating: 0, count: limits.count)
    var rest = place
    for index in limits.indices.reversed() {
      numbers[index] = rest % limits[index]
      rest /= limits[index]
    }
    let cell = UnsafePointer(cells + place * words)
    place += 1
    return (numbers, cell, UInt64(cell[words - 1]))
  }
}
