/// One thread's different values: a record for each, of which most of the repeated ones are left out at once. Records
/// that are equal land in the same partition, by their hash.
///
/// A record's key is `[aggregate, varint][bytes of the group's key, varint][group's key][value]`; it has no payload.
struct DistinctWriter: ~Copyable {
  private let plan: GroupingPlan
  let writer: PartitionWriter
  private let partitions: Int
  private var recent: GroupTable
  private var record: GrowingBuffer

  static let seed = KeyHash.seed &* 0x9E37_79B9_7F4A_7C15 | 1

  init(
    plan: GroupingPlan, writer: PartitionWriter, partitions: Int, budget: MemoryBudget
  ) throws(BudgetExceeded) {
    let recent = try GroupTable(stateBytes: 0, budget: budget)
    let record = try GrowingBuffer(bytes: 16_384, budget: budget, for: "a row's different values")
    self.plan = plan
    self.writer = writer
    self.partitions = partitions
    self.recent = recent
    self.record = record
  }

  static func partition(of key: UnsafeRawBufferPointer, partitions: Int, seed: UInt64) -> Int {
    Int((KeyHash.hash(key, seed: seed) >> 32).multipliedFullWidth(by: UInt64(partitions) << 32).high)
  }

  /// Adds a row's values to the group of that key.
  mutating func add(_ group: UnsafeRawBufferPointer, _ values: UnsafePointer<RowValue>) throws {
    for distinct in plan.distincts {
      let value = values[distinct.value]
      if value.isNull { continue }
      let valueBytes = distinct.isNumber ? 32 : value.text.count
      try record.grow(to: group.count + valueBytes + 64)
      let start = record.base + 2 * ByteCursor.varintBytesMost
      var end = start
      ByteCursor.writeVarint(UInt64(distinct.slot), &end)
      ByteCursor.writeVarint(UInt64(group.count), &end)
      if group.count > 0 { end.copyMemory(from: group.baseAddress!, byteCount: group.count) }
      end += group.count
      if distinct.isNumber {
        // At the largest scale equal numbers have equal bytes.
        let wide = value.number.widened
        ByteCursor.writeInteger(wide, bytes: ByteCursor.byteCount(wide), &end)
      } else if value.text.count > 0 {
        end.copyMemory(from: value.text.baseAddress!, byteCount: value.text.count)
        end += value.text.count
      }
      try add(UnsafeRawBufferPointer(start: start, count: end - start))
    }
  }

  private mutating func add(_ key: UnsafeRawBufferPointer) throws {
    let before = recent.count
    if recent.states(of: key) == nil {
      recent.removeAll()
      _ = recent.states(of: key)
    } else if recent.count == before {
      return
    }
    var head = record.base
    ByteCursor.writeVarint(UInt64(key.count), &head)
    ByteCursor.writeVarint(0, &head)
    // The head in front of the key, where the longest would end.
    let bytes = head - record.base
    let whole = UnsafeMutableRawPointer(mutating: key.baseAddress! - bytes)
    whole.copyMemory(from: record.base, byteCount: bytes)
    try writer.append(
      UnsafeRawBufferPointer(start: whole, count: bytes + key.count),
      to: DistinctWriter.partition(of: key, partitions: partitions, seed: DistinctWriter.seed))
  }

  func finish() throws { writer.seal() }
}

/// Counts the different values of partitions: each once, whichever threads have met it.
struct DistinctCounter {
  /// Times that a partition is split before it gets what memory there is.
  private static let splitsMost = 8
  private static let parts = 16

  let spill: SpillFile
  let budget: MemoryBudget
  let memoryBytes: Int

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
        var cursor = key.baseAddress!
        let slot = Int(ByteCursor.readVarint(&cursor))
        let groupBytes = Int(ByteCursor.readVarint(&cursor))
        try body(UnsafeRawBufferPointer(start: cursor, count: groupBytes), slot)
      }
    }
  }

  private func split(
    _ parts: [PartitionWriter.Partition], _ splits: Int, _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    let seed = DistinctWriter.seed &+ UInt64(splits + 1) &* 0xD6E8_FEB8_6659_FD93
    let writer = PartitionWriter(
      partitions: DistinctCounter.parts, share: ChunkShare(bytes: memoryBytes / 2), spill: spill, budget: budget)
    let longest = parts.reduce(0) { max($0, $1.longest) }
    // What repeats at once is dropped: many records of one value too long for any table become few.
    var last = [[UInt8]](repeating: [], count: DistinctCounter.parts)
    for part in parts {
      try PartitionReader.forEachPassingRecord(of: part, spill: spill, budget: budget, longest: longest) { start in
        let record = PartitionRecord(at: start)
        let place = DistinctWriter.partition(of: record.key, partitions: DistinctCounter.parts, seed: seed)
        if last[place].count == record.key.count, last[place].elementsEqual(record.key) { return }
        last[place] = Array(record.key)
        try writer.append(UnsafeRawBufferPointer(start: start, count: record.end - start), to: place)
      }
    }
    writer.seal()
    let smaller = DistinctCounter(spill: spill, budget: budget, memoryBytes: memoryBytes / 2)
    defer { withExtendedLifetime(writer) {} }
    for part in writer.partitions { try smaller.run([part], splits: splits + 1, body) }
  }
}
