/// Whether a run's rows are coded by dictionaries, guessed from a sample of its rows. A wrong guess costs time, never
/// the answer: what doesn't fit goes the general way.
struct CodingChoice {
  /// The memory of one column's dictionary, for each thread.
  struct ColumnSize {
    /// A power of two.
    var slots: Int
    var arenaBytes: Int

    var bytes: Int { slots * 8 + slots / 4 * 3 * 8 + arenaBytes + 3 * 4_096 }
  }

  /// Groups that the table in a core's cache holds easily: then it is faster than any code.
  private static let groupsForTable = 8_192
  /// A group's rows in the first dictionary, on average, for which it is worth looking up.
  private static let rowsPerValueLeast = 4

  let plan: CodedPlan
  let sizes: [ColumnSize]

  /// - Parameters:
  ///   - rows: of the whole input, about.
  ///   - memoryBytes: for one thread's dictionaries, at the most.
  /// - Returns: nil when rows are better not coded.
  init?(_ plan: GroupingPlan, sample: KeySample, rows: Int, memoryBytes: Int) {
    guard !sample.keys.isEmpty, rows < CodedPlan.recordsMost, let coded = CodedPlan(plan, scales: sample.usualScales)
    else { return nil }
    guard CodingChoice.distinct(sample.keys) > CodingChoice.groupsForTable else { return nil }
    var sizes: [ColumnSize] = []
    for column in 0..<plan.groupColumns.count {
      let values = sample.keys.map { KeyCodec.fields(of: $0)[column] }
      let expected = CodingChoice.distinct(values)
      guard expected * CodingChoice.rowsPerValueLeast <= rows else { return nil }
      let meanBytes = values.reduce(0) { $0 + $1.count } / values.count
      let slots = 1 << (Int.bitWidth - max(expected * 2, 1_024).leadingZeroBitCount)
      let entryBytes = meanBytes + ColumnDictionary.entryBytes + 8
      sizes.append(ColumnSize(slots: slots, arenaBytes: max(64 << 10, expected * entryBytes * 5 / 4)))
    }
    guard sizes.reduce(0, { $0 + $1.bytes }) <= memoryBytes else { return nil }
    self.plan = coded
    self.sizes = sizes
  }

  /// Rows are coded by dictionaries of that size, if their question can be.
  init?(_ plan: GroupingPlan, sample: KeySample, slots: Int) {
    guard let coded = CodedPlan(plan, scales: sample.usualScales) else { return nil }
    self.plan = coded
    sizes = plan.groupColumns.map { _ in ColumnSize(slots: slots, arenaBytes: slots * 64) }
  }

  /// The number of different values in the whole, from how often two of a sample are equal: of `n` drawn from `D`, about
  /// `n² / 2D` pairs are. `Int.max >> 8` when none are.
  static func distinct(_ sample: [[UInt8]]) -> Int {
    let seen = Set(sample).count
    let repeated = sample.count - seen
    if repeated == 0 { return .max >> 8 }
    // Most values repeat: then most have been seen.
    if repeated >= sample.count / 2 { return seen * 2 }
    return max(seen, sample.count * sample.count / (2 * repeated))
  }
}
