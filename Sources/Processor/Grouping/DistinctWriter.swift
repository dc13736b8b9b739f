/// One thread's different values, of which most of the repeated ones are left out at once.
///
/// A group of the sample has a number, which each of its values has instead of the key; a short key is repeated, and so is
/// one of many KiB. Their
/// values are spread over the first partitions. Of any other group, a row's values are one record, in the partition of
/// the group, which is among as many others after the first ones.
struct DistinctWriter: ~Copyable {
  private let plan: GroupingPlan
  let writer: PartitionWriter
  private let partitions: Int
  private let sampled: NumberedGroups
  private var recent: GroupTable
  private var record: GrowingBuffer
  private var row: GrowingBuffer

  private static let seed = DistinctRecord.seed(afterSplits: 0)

  /// - Parameter partitions: of each of the two kinds.
  init(
    plan: GroupingPlan, writer: PartitionWriter, partitions: Int, sampled: NumberedGroups, budget: MemoryBudget
  ) throws(BudgetExceeded) {
    let recent = try GroupTable(stateBytes: 0, budget: budget)
    let record = try GrowingBuffer(bytes: 16_384, budget: budget, for: "a row's different values")
    let row = try GrowingBuffer(bytes: 16_384, budget: budget, for: "a row's different values")
    self.plan = plan
    self.writer = writer
    self.partitions = partitions
    self.sampled = sampled
    self.recent = recent
    self.record = record
    self.row = row
  }

  /// Adds a row's values to the group of that key.
  mutating func add(_ group: UnsafeRawBufferPointer, _ values: UnsafePointer<RowValue>) throws {
    var reference = DistinctRecord.Group.key(group)
    if group.count > DistinctRecord.repeatedKeyBytesMost {
      if let number = sampled.number(of: group) {
        reference = .number(number)
      } else if group.count <= DistinctRecord.sharedKeyBytesMost {
        return try addTogether(group, values)
      }
    }
    for distinct in plan.distincts where !values[distinct.value].isNull {
      let key = try writeKey(distinct, reference, groupBytes: group.count, values[distinct.value])
      guard isNew(key) else { continue }
      let whole = DistinctRecord.withHead(
        keyBytes: key.count, payloadBytes: 0, before: UnsafeMutableRawPointer(mutating: key.baseAddress!))
      try writer.append(
        whole, to: DistinctRecord.partition(of: key, partitions: partitions, seed: DistinctWriter.seed))
    }
  }

  private mutating func addTogether(
    _ group: UnsafeRawBufferPointer, _ values: UnsafePointer<RowValue>
  ) throws {
    let bytes = plan.distincts.reduce(0) { $0 + DistinctWriter.bytesMost($1, values) }
    try row.grow(to: group.count + bytes + DistinctRecord.headBytesMost)
    let key = row.base + 2 * ByteCursor.varintBytesMost
    var end = key
    DistinctRecord.write(group, &end)
    let start = end
    for distinct in plan.distincts where !values[distinct.value].isNull {
      let value = values[distinct.value]
      let whole = try writeKey(distinct, .key(group), groupBytes: group.count, value)
      guard isNew(whole) else { continue }
      ByteCursor.writeVarint(UInt64(distinct.slot), &end)
      let valueBytes = DistinctWriter.valueBytes(of: whole, groupBytes: group.count)
      ByteCursor.writeVarint(UInt64(valueBytes), &end)
      DistinctRecord.write(UnsafeRawBufferPointer(rebasing: whole.suffix(valueBytes)), &end)
    }
    if end == start { return }
    try writer.append(
      DistinctRecord.withHead(keyBytes: group.count, payloadBytes: end - start, before: key),
      to: partitions + DistinctRecord.partition(of: group, partitions: partitions, seed: DistinctWriter.seed))
  }

  private static func bytesMost(_ distinct: GroupingPlan.Distinct, _ values: UnsafePointer<RowValue>) -> Int {
    2 * ByteCursor.varintBytesMost
      + (distinct.isNumber ? DistinctRecord.numberBytesMost : values[distinct.value].text.count)
  }

  /// Of a record's key that has its group's.
  private static func valueBytes(of key: UnsafeRawBufferPointer, groupBytes: Int) -> Int {
    var cursor = key.baseAddress!
    _ = ByteCursor.readVarint(&cursor)
    _ = ByteCursor.readVarint(&cursor)
    return key.count - (cursor - key.baseAddress!) - groupBytes
  }

  /// The key of one value's record, with room for a head before it.
  private mutating func writeKey(
    _ distinct: GroupingPlan.Distinct, _ reference: DistinctRecord.Group, groupBytes: Int, _ value: RowValue
  ) throws -> UnsafeRawBufferPointer {
    let valueBytes = distinct.isNumber ? DistinctRecord.numberBytesMost : value.text.count
    try record.grow(to: groupBytes + valueBytes + DistinctRecord.headBytesMost)
    let start = record.base + 2 * ByteCursor.varintBytesMost
    var end = start
    DistinctRecord.writeHead(slot: distinct.slot, reference, &end)
    DistinctRecord.write(value, isNumber: distinct.isNumber, &end)
    return UnsafeRawBufferPointer(start: start, count: end - start)
  }

  /// Whether the value wasn't met lately.
  private mutating func isNew(_ key: UnsafeRawBufferPointer) -> Bool {
    let before = recent.count
    if recent.states(of: key) == nil {
      recent.removeAll()
      _ = recent.states(of: key)
      return true
    }
    return recent.count > before
  }

  func finish() throws { writer.seal() }
}
