/// Moves the records of a partition that is too large to smaller ones; what repeats is merged on the way, so that
/// many records of one key become few.
struct PartitionRepartitioner: ~Copyable {
  let aggregates: AggregatePlan
  let router: PartitionRouter
  let writer: PartitionWriter
  let spill: SpillFile
  let budget: MemoryBudget

  func run(_ parts: [PartitionWriter.Partition], longest: Int) throws {
    var groups = try GroupWriter(aggregates: aggregates, router: router, writer: writer, budget: budget)
    for part in parts {
      try PartitionReader.forEachPassingRecord(of: part, spill: spill, budget: budget, longest: longest) { start in
        let current = PartitionRecord(at: start)
        // A table keeps no texts.
        if aggregates.texts > 0 { return try move(current, start) }
        var states = groups.table.states(of: current.key)
        if states == nil {
          try groups.flushTable()
          states = groups.table.states(of: current.key)
        }
        guard let states else { return try move(current, start) }
        var payload = current.payload.baseAddress!
        aggregates.merge(&payload, into: states)
      }
    }
    try groups.flushTable()
    groups.seal()
  }

  /// Moves a record that no table holds as it is.
  private func move(_ record: PartitionRecord, _ start: UnsafeRawPointer) throws {
    let bytes = UnsafeRawBufferPointer(start: start, count: record.end - start)
    try writer.append(bytes, to: router.partition(of: record.key))
  }
}
