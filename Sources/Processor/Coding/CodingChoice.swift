/// Whether a run's rows are coded by dictionaries, guessed from a sample of its rows. A wrong guess costs time, never
/// the answer: what doesn't fit goes the general way.
struct CodingChoice {
  /// The memory of one column's dictionary, for each thread.
  struct ColumnSize {
    /// A power of two.
    var slots: Int
    var arenaBytes: Int

    var bytes: Int { slots * 8 + slots / 4 * 3 * 8 + arenaBytes + 3 * 4_096 }
    /// What its numbers stay below.
    var numbers: Int { slots / 4 * 3 }
  }

  /// Groups so few that each thread has a cell for each of them.
  private static let groupsInCells = 8_192
  private static let cellBytesMost = 256 << 10
  /// Values so few that sixteen bits number them.
  private static let fewValues = 4_096
  /// Rows for each value of a column, on average, for which a dictionary is worth its memory.
  private static let rowsPerValueLeast = 4
  /// Of a thousand rows of the sample, those that may go the general way.
  private static let unfitLeast = 1

  let plan: CodedPlan
  let sizes: [ColumnSize]
  /// Where groups are few: for each column, what a number must stay below for its group to have a cell.
  let cellLimits: [Int]?

  /// - Parameters:
  ///   - rows: of the whole input, about.
  ///   - memoryBytes: for one thread's dictionaries, at the most.
  /// - Returns: nil when rows are better not coded.
  init?(_ plan: GroupingPlan, sample: KeySample, rows: Int, memoryBytes: Int) {
    guard !sample.keys.isEmpty, rows < CodedPlan.recordsMost, plan.aggregates.isCodable, plan.isUsual,
      sample.unfitRows(plan) * 1_000 <= sample.records * CodingChoice.unfitLeast
    else { return nil }
    let groups = CodingChoice.distinct(sample.keys)
    let fields = sample.keys.map { KeyCodec.fields(of: $0) }
    var sizes: [ColumnSize] = []
    var limits: [Int] = []
    for column in 0..<plan.groupColumns.count {
      let values = fields.map { $0[column] }
      let expected = CodingChoice.distinct(values)
      guard expected * CodingChoice.rowsPerValueLeast <= rows else { return nil }
      let meanBytes = values.reduce(0) { $0 + $1.count } / values.count + ColumnDictionary.entryBytes
      if expected <= CodingChoice.fewValues {
        sizes.append(ColumnSize(slots: 65_536, arenaBytes: 64 << 10 + 4 * expected * meanBytes))
      } else {
        // Room for a quarter more than is expected.
        let slots = 1 << (Int.bitWidth - (expected * 5 / 3 - 1).leadingZeroBitCount)
        sizes.append(ColumnSize(slots: slots, arenaBytes: expected * meanBytes * 5 / 4))
      }
      limits.append(1 << (Int.bitWidth - (expected * 3 / 2).leadingZeroBitCount))
    }
    guard sizes.reduce(0, { $0 + $1.bytes }) <= memoryBytes,
      let coded = CodedPlan(plan, scales: sample.usualScales, numbers: sizes.map(\.numbers))
    else { return nil }
    self.plan = coded
    self.sizes = sizes
    if groups <= CodingChoice.groupsInCells {
      // More cells than a core's cache holds, and the table does better.
      guard CellTable.bytes(limits, coded) <= CodingChoice.cellBytesMost else { return nil }
      cellLimits = limits
    } else {
      cellLimits = nil
    }
  }

  /// Rows are coded by dictionaries of that size, if their question can be.
  init?(_ plan: GroupingPlan, sample: KeySample, slots: Int, cellLimit: Int?) {
    let sizes = plan.groupColumns.map { _ in ColumnSize(slots: slots, arenaBytes: slots * 64) }
    guard let coded = CodedPlan(plan, scales: sample.usualScales, numbers: sizes.map(\.numbers)) else { return nil }
    self.plan = coded
    self.sizes = sizes
    cellLimits = cellLimit.map { limit in plan.groupColumns.map { _ in limit } }
  }

  /// About how many different values the whole has, from how many a sample has once and twice (Chao, "Nonparametric
  /// Estimation of the Number of Classes in a Population", 1984).
  static func distinct(_ sample: [[UInt8]]) -> Int {
    var counts: [[UInt8]: Int] = [:]
    for value in sample { counts[value, default: 0] += 1 }
    let once = counts.values.count { $0 == 1 }
    let twice = counts.values.count { $0 == 2 }
    return counts.count + once * max(once - 1, 0) / (2 * (twice + 1))
  }
}
