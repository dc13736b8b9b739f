/// Visits a partition's records in the order of their keys, which are all different. A partition that memory doesn't hold
/// is split, by a sample of its own keys.
struct SortedRecords {
  private static let splitsMost = 40

  let spill: SpillFile
  let budget: MemoryBudget
  let memoryBytes: Int

  /// - Parameter body: returns false when it wants no more.
  /// - Returns: false when the body wanted no more.
  @discardableResult
  func forEach(
    _ parts: [PartitionWriter.Partition], splits: Int = 0, _ body: (PartitionRecord) throws -> Bool
  ) throws -> Bool {
    if spill.isCancelled { throw CancellationError() }
    let records = parts.reduce(0) { $0 + $1.records }
    if records == 0 { return true }
    let spilledBytes = parts.reduce(0) { $0 + $1.spilledBytes }
    let entryBytes = records * MemoryLayout<KeySort.Entry>.stride
    if spilledBytes + entryBytes > memoryBytes, records > 1, splits < SortedRecords.splitsMost {
      return try split(parts, splits: splits, body)
    }
    return try PartitionReader.withSorted(parts, spill: spill, budget: budget) { sorted in
      for entry in sorted where !(try body(PartitionRecord(at: entry.record))) { return false }
      return true
    }
  }

  private func split(
    _ parts: [PartitionWriter.Partition], splits: Int, _ body: (PartitionRecord) throws -> Bool
  ) throws -> Bool {
    let longest = parts.reduce(0) { max($0, $1.longest) }
    let bytes = parts.reduce(0) { $0 + $1.spilledBytes + $1.records * 16 }
    let sample = try PartitionReader.sampleKeys(
      of: parts, spill: spill, budget: budget, longest: longest, bytesMost: memoryBytes / 8)
    let router = PartitionRouter(
      sample: sample,
      partitions: min(max(2, bytes / max(memoryBytes / 2, 1) + 1), 256, ChunkShare.partitions(in: memoryBytes / 2)))
    let writer = PartitionWriter(
      partitions: router.count, share: ChunkShare(bytes: memoryBytes / 2), spill: spill, budget: budget)
    for part in parts {
      try PartitionReader.forEachPassingRecord(of: part, spill: spill, budget: budget, longest: longest) { start in
        let record = PartitionRecord(at: start)
        let bytes = UnsafeRawBufferPointer(start: start, count: record.end - start)
        try writer.append(bytes, to: router.partition(of: record.key))
      }
    }
    writer.seal()
    let smaller = SortedRecords(spill: spill, budget: budget, memoryBytes: memoryBytes / 2)
    defer { withExtendedLifetime(writer) {} }
    for part in writer.partitions where !(try smaller.forEach([part], splits: splits + 1, body)) { return false }
    return true
  }
}
