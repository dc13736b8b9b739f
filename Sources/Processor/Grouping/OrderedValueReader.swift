import TallySchema

/// Has the numbers of partitions pass by in their order, group by group, and hands on what each function finds among them.
struct OrderedValueReader {
  let plan: GroupingPlan
  /// Of the partitions' records.
  let aggregates: AggregatePlan
  let spill: SpillFile
  let counters: ProgressCounters
  let budget: MemoryBudget
  let memoryBytes: Int

  /// So much is sorted well within the time in which a cancellation must be noticed.
  static let memoryBytesMost = 64 << 20

  /// What is kept of each number, and of each group: a count.
  static func makeAggregates() -> AggregatePlan { AggregatePlan([Count()], values: [nil]) }

  /// The partitions of a plan's numbers: ranges of groups, so that none has its numbers in two.
  static func makeRouter(_ plan: GroupingPlan, sample: KeySample, partitions: Int) -> PartitionRouter {
    let keys = plan.ordered.flatMap { ordered in
      sample.keys.map { key in
        key.withUnsafeBytes { key in
          [UInt8](unsafeUninitializedCapacity: key.count + OrderedValueKey.bytesMost) { buffer, count in
            var end = UnsafeMutableRawPointer(buffer.baseAddress!)
            OrderedValueKey.writeGroup(key, slot: ordered.slot, &end)
            count = end - UnsafeMutableRawPointer(buffer.baseAddress!)
          }
        }
      }
    }
    return PartitionRouter(sample: keys, partitions: partitions)
  }

  /// Calls the body with the group, the aggregate, and what was found.
  func run(
    _ parts: [PartitionWriter.Partition], _ body: (UnsafeRawBufferPointer, Int, DecimalAnswer) throws -> Void
  ) throws {
    let finisher = PartitionFinisher(
      aggregates: aggregates, spill: spill, counters: counters, countsGroups: false, budget: budget,
      memoryBytes: memoryBytes)
    try withoutActuallyEscaping(body) { body in
      var target = Target(functions: plan.aggregates.functions, body: body)
      try finisher.finish(parts, to: &target)
      try target.finish()
    }
  }

  private struct Target: GroupTarget {
    let functions: UnsafeMutableBufferPointer<any AggregateFunction>
    let body: (UnsafeRawBufferPointer, Int, DecimalAnswer) throws -> Void
    /// Of the group whose numbers are passing by.
    private var group: [UInt8] = []
    private var slot = 0
    private var search: (any OrderedSearch)?

    init(
      functions: UnsafeMutableBufferPointer<any AggregateFunction>,
      body: @escaping (UnsafeRawBufferPointer, Int, DecimalAnswer) throws -> Void
    ) {
      self.functions = functions
      self.body = body
    }

    mutating func add(_ key: UnsafeRawBufferPointer, _ states: UnsafeMutableRawPointer) throws {
      let parts = OrderedValueKey.Parts(key)
      let count = states.load(as: UInt64.self)
      if let number = parts.number {
        search?.take(number.value, scale: number.scale, count: count)
        return
      }
      // A group begins with the count of all its numbers.
      try finish()
      group = Array(parts.group)
      slot = parts.slot
      search = functions[slot].makeSearch(count: count)
    }

    mutating func finish() throws {
      guard let answer = search?.answer else { return }
      search = nil
      try group.withUnsafeBytes { try body($0, slot, answer) }
    }
  }
}
