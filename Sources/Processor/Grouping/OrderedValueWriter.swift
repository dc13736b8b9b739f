import TallySchema

/// One thread's numbers of aggregates that need them in order, on their way to partitions. Those that repeat are counted
/// in a table first.
struct OrderedValueWriter: ~Copyable {
  private let plan: GroupingPlan
  private var groups: GroupWriter
  private var key: GrowingBuffer

  /// - Parameter writer: with a partition for each of the router's.
  init(
    plan: GroupingPlan, aggregates: AggregatePlan, router: PartitionRouter, writer: PartitionWriter,
    budget: MemoryBudget
  ) throws(BudgetExceeded) {
    let key = try GrowingBuffer(bytes: 16_384, budget: budget, for: "a row's ordered values")
    let groups = try GroupWriter(aggregates: aggregates, router: router, writer: writer, budget: budget)
    self.plan = plan
    self.groups = groups
    self.key = key
  }

  /// Adds a row's numbers to the group of that key.
  mutating func add(_ group: UnsafeRawBufferPointer, _ values: UnsafePointer<RowValue>) throws {
    for ordered in plan.ordered where !values[ordered.value].isNull {
      try key.grow(to: group.count + OrderedValueKey.bytesMost)
      var end = key.base
      OrderedValueKey.writeGroup(group, slot: ordered.slot, &end)
      let beginning = end
      OrderedValueKey.writeCount(&end)
      try count(UnsafeRawBufferPointer(start: key.base, count: end - key.base))
      end = beginning
      OrderedValueKey.write(values[ordered.value].number, &end)
      try count(UnsafeRawBufferPointer(start: key.base, count: end - key.base))
    }
  }

  private mutating func count(_ key: UnsafeRawBufferPointer) throws {
    var states = groups.table.states(of: key)
    if states == nil {
      try groups.flushTable()
      states = groups.table.states(of: key)
    }
    guard let states else { return try groups.append(key, slot: 0) { CountState.increment($0) } }
    CountState.increment(states)
  }

  mutating func finish() throws {
    try groups.flushTable()
    groups.seal()
  }
}
