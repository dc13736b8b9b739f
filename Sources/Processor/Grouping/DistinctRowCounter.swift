/// Counts the different values of partitions whose records have a row's values each (``DistinctRecord``), one group
/// after the other.
struct DistinctRowCounter {
  /// Times that a partition is split before it gets what memory there is.
  private static let splitsMost = 8
  private static let parts = 16
  /// Of the table of a group's values, for each value: one or two of four places are taken.
  private static let tableBytes = 4 * MemoryLayout<UInt>.stride

  /// Of a partition that isn't split: so much is sorted and counted well within the time in which a cancellation must be
  /// noticed, however much memory the job has.
  private static let memoryBytesMost = 64 << 20

  let spill: SpillFile
  let budget: MemoryBudget
  let memoryBytes: Int
  /// Values of a record, at the most.
  let valuesMost: Int

  init(spill: SpillFile, budget: MemoryBudget, memoryBytes: Int, valuesMost: Int) {
    self.spill = spill
    self.budget = budget
    self.memoryBytes = min(memoryBytes, DistinctRowCounter.memoryBytesMost)
    self.valuesMost = valuesMost
  }

  /// Calls the body with the group and the aggregate of every different value.
  func run(
    _ parts: [PartitionWriter.Partition], splits: Int = 0, _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    if spill.isCancelled { throw CancellationError() }
    let records = parts.reduce(0) { $0 + $1.records }
    if records == 0 { return }
    let bytes = parts.reduce(0) { $0 + PartitionReader.recordBytes(of: $1) }
    let beside = MemoryLayout<KeySort.Entry>.stride + valuesMost * DistinctRowCounter.tableBytes
    if splits < DistinctRowCounter.splitsMost, records > 1, bytes + records * beside > memoryBytes {
      return try split(parts, splits, body)
    }
    var table = try GrowingBuffer(bytes: 4_096, budget: budget, for: "a group's different values")
    try PartitionReader.withSorted(parts, spill: spill, budget: budget) { entries in
      var start = 0
      while start < entries.count {
        let key = PartitionRecord(at: entries[start].record).key
        var end = start + 1
        while end < entries.count, KeyCodec.isEqual(PartitionRecord(at: entries[end].record).key, key) { end += 1 }
        let group = UnsafeMutableBufferPointer(rebasing: entries[start..<end])
        try count(group, &table) { try body(key, $0) }
        if spill.isCancelled { throw CancellationError() }
        start = end
      }
    }
  }

  /// Calls the body with the aggregate of every different value of one group.
  private func count(
    _ group: UnsafeMutableBufferPointer<KeySort.Entry>, _ table: inout GrowingBuffer, _ body: (Int) throws -> Void
  ) throws {
    // A row has one value for each aggregate.
    if group.count == 1 {
      return try DistinctRecord.forEachItem(of: PartitionRecord(at: group[0].record).payload) { try body($0.slot) }
    }
    let slots = 1 << (Int.bitWidth - (group.count * valuesMost * 2).leadingZeroBitCount)
    try table.grow(to: slots * MemoryLayout<UInt>.stride)
    let words = table.base.bindMemory(to: UInt.self, capacity: slots)
    words.update(repeating: 0, count: slots)
    for entry in group {
      try DistinctRecord.forEachItem(of: PartitionRecord(at: entry.record).payload) { item in
        var index = Int(truncatingIfNeeded: KeyHash.hash(item.whole, seed: KeyHash.seed)) & (slots - 1)
        while let other = UnsafeRawPointer(bitPattern: words[index]) {
          if KeyCodec.isEqual(DistinctRecord.Item(at: other).whole, item.whole) { return }
          index = (index + 1) & (slots - 1)
        }
        words[index] = UInt(bitPattern: item.whole.baseAddress!)
        try body(item.slot)
      }
    }
  }

  /// The values of the groups that come first, as many as a table holds, are spread by value, each with its group's
  /// number: one of them may have most of the rows. The others are spread by group again.
  private func split(
    _ parts: [PartitionWriter.Partition], _ splits: Int, _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    let writer = PartitionWriter(
      partitions: 2 * DistinctRowCounter.parts, share: ChunkShare(bytes: memoryBytes / 2), spill: spill, budget: budget
    )
    defer { withExtendedLifetime(writer) {} }
    try splitFirst(parts, splits, into: writer, body)
    let smaller = DistinctRowCounter(spill: spill, budget: budget, memoryBytes: memoryBytes / 2, valuesMost: valuesMost)
    for part in writer.partitions[DistinctRowCounter.parts...] {
      try smaller.run([part], splits: splits + 1, body)
    }
  }

  private func splitFirst(
    _ parts: [PartitionWriter.Partition], _ splits: Int, into writer: PartitionWriter,
    _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    let groups = try NumberedGroups(budget: budget)
    var value = try GrowingBuffer(bytes: 4_096, budget: budget, for: "a partition's different values")
    let longest = parts.reduce(0) { max($0, $1.longest) }
    let valueSeed = DistinctRecord.seed(afterSplits: 0)
    let rowSeed = DistinctRecord.seed(afterSplits: splits + 1)
    for part in parts {
      try PartitionReader.forEachPassingRecord(of: part, spill: spill, budget: budget, longest: longest) { start in
        let record = PartitionRecord(at: start)
        guard let number = groups.number(adding: record.key) else {
          let place = DistinctRecord.partition(of: record.key, partitions: DistinctRowCounter.parts, seed: rowSeed)
          let whole = UnsafeRawBufferPointer(start: start, count: record.end - start)
          return try writer.append(whole, to: DistinctRowCounter.parts + place)
        }
        try DistinctRecord.forEachItem(of: record.payload) { item in
          try value.grow(to: item.value.count + DistinctRecord.headBytesMost)
          let key = value.base + 2 * ByteCursor.varintBytesMost
          var end = key
          DistinctRecord.writeHead(slot: item.slot, .number(number), &end)
          DistinctRecord.write(item.value, &end)
          let bytes = UnsafeRawBufferPointer(start: key, count: end - key)
          try writer.append(
            DistinctRecord.withHead(keyBytes: bytes.count, payloadBytes: 0, before: key),
            to: DistinctRecord.partition(of: bytes, partitions: DistinctRowCounter.parts, seed: valueSeed))
        }
      }
    }
    writer.seal()
    let values = DistinctCounter(spill: spill, budget: budget, memoryBytes: memoryBytes / 2) { groups.key(of: $0) }
    for part in writer.partitions[..<DistinctRowCounter.parts] { try values.run([part], body) }
  }
}
