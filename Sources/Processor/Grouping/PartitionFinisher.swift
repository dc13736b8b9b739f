import Synchronization
import TallySchema

/// Finishes partitions: brings one's records together, sorts them, merges equal keys, and hands the groups on.
///
/// A partition that is larger than the thread's share of memory is split again, by a sample of its own keys, and its
/// parts are finished one after the other.
struct PartitionFinisher: ~Copyable {
  private static let splitsMost = 40

  let aggregates: AggregatePlan
  let spill: SpillFile
  let counters: ProgressCounters
  /// The groups are the job's own, and count as its progress.
  let countsGroups: Bool
  let budget: MemoryBudget
  /// For one partition's records and what sorts them.
  let memoryBytes: Int
  private let states: UnsafeMutableRawPointer

  init(
    aggregates: AggregatePlan, spill: SpillFile, counters: ProgressCounters, countsGroups: Bool = true,
    budget: MemoryBudget, memoryBytes: Int
  ) {
    self.aggregates = aggregates
    self.countsGroups = countsGroups
    self.spill = spill
    self.counters = counters
    self.budget = budget
    self.memoryBytes = memoryBytes
    states = .allocate(byteCount: max(aggregates.stateBytes, 16), alignment: 16)
  }

  deinit { states.deallocate() }

  /// Finishes one partition, whose records stand in the threads' parts of it.
  func finish<Target: GroupTarget & ~Copyable>(
    _ parts: [PartitionWriter.Partition], to output: inout Target, splits: Int = 0
  ) throws {
    if counters.interruption.isSet { throw CancellationError() }
    let records = parts.reduce(0) { $0 + $1.records }
    if records == 0 { return }
    let spilledBytes = parts.reduce(0) { $0 + $1.spilledBytes }
    let entryBytes = MemoryLayout<KeySort.Entry>.stride
    guard spilledBytes + records * entryBytes > memoryBytes else {
      return try finishInMemory(parts, to: &output)
    }
    // A single record, or one that splitting has failed to make smaller, gets what the budget still has.
    if records == 1 || splits == PartitionFinisher.splitsMost {
      return try finishInMemory(parts, to: &output)
    }
    try split(parts, to: &output, splits: splits)
  }

  private func finishInMemory<Target: GroupTarget & ~Copyable>(
    _ parts: [PartitionWriter.Partition], to output: inout Target
  ) throws {
    try PartitionReader.withSorted(parts, spill: spill, budget: budget) { try write($0, to: &output) }
  }

  /// Merges neighbours with the same key and writes the groups.
  private func write<Target: GroupTarget & ~Copyable>(
    _ entries: UnsafeMutableBufferPointer<KeySort.Entry>, to output: inout Target
  ) throws {
    var index = 0
    var groups = 0
    while index < entries.count {
      let first = PartitionRecord(at: entries[index].record)
      states.initializeMemory(as: UInt8.self, repeating: 0, count: aggregates.stateBytes)
      var record = first
      repeat {
        var payload = record.payload.baseAddress!
        aggregates.merge(&payload, into: states)
        index += 1
        guard index < entries.count else { break }
        record = PartitionRecord(at: entries[index].record)
      } while KeyCodec.isEqual(record.key, first.key)
      try output.add(first.key, states)
      groups += 1
    }
    if countsGroups { counters.groups.add(groups, ordering: .relaxed) }
  }

  /// Merges a partition whose records all have one key, which may be too long for any table, as they pass.
  ///
  /// - Returns: false, with nothing written, when there is a second key.
  private func finishSingleKey<Target: GroupTarget & ~Copyable>(
    _ part: PartitionWriter.Partition, longest: Int, to output: inout Target
  ) throws -> Bool {
    let key = try PageBuffer(bytes: longest, budget: budget, for: "a key")
    var keyBytes: Int?
    var isSingle = true
    var texts = TextKeeper(aggregates)
    states.initializeMemory(as: UInt8.self, repeating: 0, count: aggregates.stateBytes)
    try PartitionReader.forEachPassingRecord(of: part, spill: spill, budget: budget, longest: longest) { start in
      let record = PartitionRecord(at: start)
      if let keyBytes {
        let first = UnsafeRawBufferPointer(start: key.base, count: keyBytes)
        isSingle = isSingle && KeyCodec.isEqual(record.key, first)
      } else {
        keyBytes = record.key.count
        if let base = record.key.baseAddress { key.base.copyMemory(from: base, byteCount: record.key.count) }
      }
      guard isSingle else { return }
      var payload = record.payload.baseAddress!
      aggregates.merge(&payload, into: states)
      texts.keep(states)
    }
    guard isSingle, let keyBytes else { return false }
    try output.add(UnsafeRawBufferPointer(start: key.base, count: keyBytes), states)
    if countsGroups { counters.groups.add(1, ordering: .relaxed) }
    return true
  }

  private func split<Target: GroupTarget & ~Copyable>(
    _ parts: [PartitionWriter.Partition], to output: inout Target, splits: Int
  ) throws {
    let longest = parts.reduce(0) { max($0, $1.longest) }
    let bytes = parts.reduce(0) { $0 + $1.spilledBytes + $1.records * 16 }
    let sample = try PartitionReader.sampleKeys(
      of: parts, spill: spill, budget: budget, longest: longest, bytesMost: memoryBytes / 8)
    // Parts of half of what memory holds, so that uneven ones still fit.
    let wanted = min(max(2, bytes / max(memoryBytes / 2, 1) + 1), 256, ChunkShare.partitions(in: memoryBytes / 2))
    let router = PartitionRouter(sample: sample, partitions: wanted, isolatesRepeated: true)
    let writer = PartitionWriter(
      partitions: router.count, share: ChunkShare(bytes: memoryBytes / 2), spill: spill, budget: budget)
    try PartitionRepartitioner(aggregates: aggregates, router: router, writer: writer, spill: spill, budget: budget)
      .run(parts, longest: longest)
    let records = parts.reduce(0) { $0 + $1.records }
    if let whole = writer.partitions.first(where: { $0.records == records }) {
      // Nothing was kept apart: of one key, or of keys that the sample didn't see.
      if try finishSingleKey(whole, longest: longest, to: &output) { return }
    }
    let inner = PartitionFinisher(
      aggregates: aggregates, spill: spill, counters: counters, countsGroups: countsGroups, budget: budget,
      memoryBytes: memoryBytes / 2)
    // What is read below are the writer's chunks.
    defer { withExtendedLifetime(writer) {} }
    for index in writer.partitions.indices {
      try inner.finish([writer.partitions[index]], to: &output, splits: splits + 1)
    }
  }
}
