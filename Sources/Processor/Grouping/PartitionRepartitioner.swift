/// Moves the records of a partition that is too large to smaller ones; what repeats is merged on the way, so that
/// many records of one key become few.
struct PartitionRepartitioner: ~Copyable {
  let plan: GroupingPlan
  let router: PartitionRouter
  let writer: PartitionWriter
  let spill: SpillFile
  let budget: MemoryBudget

  func run(_ parts: [PartitionWriter.Partition], longest: Int) throws {
    var table = try GroupTable(stateBytes: plan.aggregates.stateBytes, budget: budget)
    let room = plan.aggregates.payloadBytesMost + 64
    let record = try PageBuffer(bytes: longest + room, budget: budget, for: "a record")
    for part in parts {
      try PartitionReader.forEachPassingRecord(of: part, spill: spill, budget: budget, longest: longest) { start in
        let current = PartitionRecord(at: start)
        // A table keeps no texts.
        if plan.aggregates.texts > 0 { return try move(current, start) }
        var states = table.states(of: current.key)
        if states == nil {
          try flush(&table, record.base)
          states = table.states(of: current.key)
        }
        guard let states else { return try move(current, start) }
        var payload = current.payload.baseAddress!
        plan.aggregates.merge(&payload, into: states)
      }
    }
    try flush(&table, record.base)
    writer.seal()
  }

  /// Moves a record that no table holds as it is.
  private func move(_ record: PartitionRecord, _ start: UnsafeRawPointer) throws {
    let bytes = UnsafeRawBufferPointer(start: start, count: record.end - start)
    try writer.append(bytes, to: router.partition(of: record.key))
  }

  private func flush(_ table: inout GroupTable, _ record: UnsafeMutableRawPointer) throws {
    var place = 0
    while let group = table.next(&place) {
      let payloadStart = record + 2 * ByteCursor.varintBytesMost + group.key.count
      var payloadEnd = payloadStart
      plan.aggregates.write(states: group.states, &payloadEnd)
      var output = record
      ByteCursor.writeVarint(UInt64(group.key.count), &output)
      ByteCursor.writeVarint(UInt64(payloadEnd - payloadStart), &output)
      if group.key.count > 0 { output.copyMemory(from: group.key.baseAddress!, byteCount: group.key.count) }
      output += group.key.count
      output.copyMemory(from: payloadStart, byteCount: payloadEnd - payloadStart)
      output += payloadEnd - payloadStart
      try writer.append(
        UnsafeRawBufferPointer(start: record, count: output - record), to: router.partition(of: group.key))
    }
    table.removeAll()
  }
}
