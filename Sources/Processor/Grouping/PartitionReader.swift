import CTallySIMD

/// Reads the records of a partition back, from memory and from the spill file.
enum PartitionReader {
  /// The bytes of all records.
  static func recordBytes(of part: PartitionWriter.Partition) -> Int {
    var bytes = part.spilledBytes - part.spilledChunks * PartitionWriter.headBytes
    var chunk = part.chunk
    while let current = chunk {
      let head = current.load(as: PartitionWriter.Head.self)
      bytes += Int(head.bytes) - PartitionWriter.headBytes
      chunk = UnsafeMutableRawPointer(bitPattern: head.next)
    }
    return bytes
  }

  /// Visits the records of every chunk, from the first to the end of the last. Those on disk are read to `place`, one
  /// chunk after the other, and stay there.
  @inline(__always)
  static func forEachChunk(
    of part: PartitionWriter.Partition, spill: SpillFile, keepingAt place: inout UnsafeMutableRawPointer,
    _ body: (UnsafeRawPointer, UnsafeRawPointer) throws -> Void
  ) throws {
    var chunk = part.chunk
    while let current = chunk {
      let head = current.load(as: PartitionWriter.Head.self)
      if let next = UnsafeRawPointer(bitPattern: head.next) { prefetch(next) }
      try body(current + PartitionWriter.headBytes, current + Int(head.bytes))
      chunk = UnsafeMutableRawPointer(bitPattern: head.next)
    }
    var next = part.place
    while next.bytes > 0 {
      try spill.read(next, into: place)
      let head = place.loadUnaligned(as: PartitionWriter.Head.self)
      try body(place + PartitionWriter.headBytes, place + next.bytes)
      place += next.bytes
      next = SpillFile.Extent(offset: Int(head.next), bytes: Int(head.nextBytes))
    }
  }

  /// The same with room for one chunk: its records are gone when the body returns.
  ///
  /// - Parameter longest: bytes of the longest record.
  @inline(__always)
  static func forEachChunk(
    of part: PartitionWriter.Partition, spill: SpillFile, budget: MemoryBudget, longest: Int = 0,
    _ body: (UnsafeRawPointer, UnsafeRawPointer) throws -> Void
  ) throws {
    var resident = part
    resident.place = SpillFile.Extent()
    var unused = UnsafeMutableRawPointer(bitPattern: 1)!
    try forEachChunk(of: resident, spill: spill, keepingAt: &unused, body)
    if part.place.bytes == 0 { return }
    let room = try PageBuffer(
      bytes: max(PartitionWriter.chunkBytes, longest + PartitionWriter.headBytes), budget: budget,
      for: "a partition's chunk")
    defer { withExtendedLifetime(room) {} }
    var next = part.place
    while next.bytes > 0 {
      if spill.isCancelled { throw CancellationError() }
      try spill.read(next, into: room.base)
      let head = room.base.load(as: PartitionWriter.Head.self)
      try body(room.base + PartitionWriter.headBytes, room.base + next.bytes)
      next = SpillFile.Extent(offset: Int(head.next), bytes: Int(head.nextBytes))
    }
  }

  /// Brings a chunk's beginning near.
  private static func prefetch(_ chunk: UnsafeRawPointer) {
    for line in 0..<4 { tally_prefetch(chunk + 64 * line) }
  }

  /// Visits every record. Those on disk are read to `place`, one chunk after the other, and stay there.
  @inline(__always)
  static func forEachRecord(
    of part: PartitionWriter.Partition, spill: SpillFile, keepingAt place: inout UnsafeMutableRawPointer,
    _ body: (UnsafeRawPointer) throws -> Void
  ) throws {
    try forEachChunk(of: part, spill: spill, keepingAt: &place) { try visit($0, upTo: $1, body) }
  }

  /// Visits every record, with room for one chunk only: a record is gone when the body returns.
  ///
  /// - Parameter longest: bytes of the longest record.
  static func forEachPassingRecord(
    of part: PartitionWriter.Partition, spill: SpillFile, budget: MemoryBudget, longest: Int,
    _ body: (UnsafeRawPointer) throws -> Void
  ) throws {
    try forEachChunk(of: part, spill: spill, budget: budget, longest: longest) { try visit($0, upTo: $1, body) }
  }

  /// Calls the body with all records in the order of their keys, which stay where they are until it returns.
  static func withSorted<Result>(
    _ parts: [PartitionWriter.Partition], spill: SpillFile, budget: MemoryBudget,
    _ body: (UnsafeMutableBufferPointer<KeySort.Entry>) throws -> Result
  ) throws -> Result {
    let loaded = try PageBuffer(
      bytes: parts.reduce(0) { $0 + $1.spilledBytes }, budget: budget, for: "a partition's spilled records")
    let records = parts.reduce(0) { $0 + $1.records }
    let memory = try PageBuffer(
      bytes: records * MemoryLayout<KeySort.Entry>.stride, budget: budget, for: "a partition's sort")
    let entries = memory.bound(to: KeySort.Entry.self)
    var count = 0
    var place = loaded.base
    for part in parts {
      try forEachRecord(of: part, spill: spill, keepingAt: &place) { record in
        entries[count] = KeySort.Entry(word: 0, record: record)
        count += 1
      }
    }
    let sorted = UnsafeMutableBufferPointer(rebasing: entries[..<count])
    KeySort.sort(sorted)
    return try withExtendedLifetime((loaded, memory)) { try body(sorted) }
  }

  /// Keys for new splitters: up to a thousand, evenly from the whole partition, and no more bytes of them than the limit
  /// but for one.
  static func sampleKeys(
    of parts: [PartitionWriter.Partition], spill: SpillFile, budget: MemoryBudget, longest: Int, bytesMost: Int
  ) throws -> [[UInt8]] {
    let wanted = max(2, min(1_024, bytesMost / max(longest, 1)))
    let step = max(1, parts.reduce(0) { $0 + $1.records } / wanted)
    var keys: [[UInt8]] = []
    var bytes = 0
    var seen = 0
    for part in parts {
      try forEachPassingRecord(of: part, spill: spill, budget: budget, longest: longest) { record in
        seen += 1
        guard seen % step == 0, bytes < bytesMost else { return }
        keys.append(Array(PartitionRecord(at: record).key))
        bytes += keys.last?.count ?? 0
      }
    }
    return keys
  }

  @inline(__always)
  private static func visit(
    _ start: UnsafeRawPointer, upTo end: UnsafeRawPointer, _ body: (UnsafeRawPointer) throws -> Void
  ) rethrows {
    var record = start
    while record < end {
      try body(record)
      record = PartitionRecord(at: record).end
    }
  }
}
