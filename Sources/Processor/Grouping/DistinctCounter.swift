/// Counts the different values of partitions whose records have one value each (``DistinctRecord``): each value once,
/// whichever threads have met it.
struct DistinctCounter {
  /// Times that a partition is split before it gets what memory there is.
  private static let splitsMost = 8
  private static let parts = 16

  let spill: SpillFile
  let budget: MemoryBudget
  let memoryBytes: Int
  /// The key of a group that the records have by number.
  let group: (Int) -> UnsafeRawBufferPointer

  /// Calls the body with the group and the aggregate of every different value.
  func run(
    _ parts: [PartitionWriter.Partition], splits: Int = 0, _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    if spill.isCancelled { throw CancellationError() }
    let records = parts.reduce(0) { $0 + $1.records }
    if records == 0 { return }
    let bytes = parts.reduce(0) { $0 + PartitionReader.recordBytes(of: $1) }
    let slots = 1 << (Int.bitWidth - (records * 2).leadingZeroBitCount)
    if splits < DistinctCounter.splitsMost, bytes + slots * 8 > memoryBytes {
      return try split(parts, splits, body)
    }
    let loaded = try PageBuffer(
      bytes: parts.reduce(0) { $0 + $1.spilledBytes }, budget: budget, for: "a partition's different values")
    let table = try PageBuffer(bytes: slots * 8, budget: budget, for: "a partition's different values")
    defer { withExtendedLifetime((loaded, table)) {} }
    let words = table.bound(to: UInt.self)
    var place = loaded.base
    for part in parts {
      try PartitionReader.forEachRecord(of: part, spill: spill, keepingAt: &place) { start in
        let key = PartitionRecord(at: start).key
        var index = Int(truncatingIfNeeded: KeyHash.hash(key, seed: KeyHash.seed)) & (slots - 1)
        while words[index] != 0 {
          let other = PartitionRecord(at: UnsafeRawPointer(bitPattern: words[index])!).key
          if KeyCodec.isEqual(other, key) { return }
          index = (index + 1) & (slots - 1)
        }
        words[index] = UInt(bitPattern: start)
        let (slot, reference) = DistinctRecord.read(key)
        switch reference {
        case .key(let key): try body(key, slot)
        case .number(let number): try body(group(number), slot)
        }
      }
    }
  }

  private func split(
    _ parts: [PartitionWriter.Partition], _ splits: Int, _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    let seed = DistinctRecord.seed(afterSplits: splits + 1)
    let writer = PartitionWriter(
      partitions: DistinctCounter.parts, share: ChunkShare(bytes: memoryBytes / 2), spill: spill, budget: budget)
    let longest = parts.reduce(0) { max($0, $1.longest) }
    // What repeats at once is dropped: many records of one value too long for any table become few.
    var last = [[UInt8]](repeating: [], count: DistinctCounter.parts)
    for part in parts {
      try PartitionReader.forEachPassingRecord(of: part, spill: spill, budget: budget, longest: longest) { start in
        let record = PartitionRecord(at: start)
        let place = DistinctRecord.partition(of: record.key, partitions: DistinctCounter.parts, seed: seed)
        if last[place].count == record.key.count, last[place].elementsEqual(record.key) { return }
        last[place] = Array(record.key)
        try writer.append(UnsafeRawBufferPointer(start: start, count: record.end - start), to: place)
      }
    }
    writer.seal()
    let smaller = DistinctCounter(spill: spill, budget: budget, memoryBytes: memoryBytes / 2, group: group)
    defer { withExtendedLifetime(writer) {} }
    for part in writer.partitions { try smaller.run([part], splits: splits + 1, body) }
  }
}
