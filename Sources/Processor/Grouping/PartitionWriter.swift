import Schema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One thread's partitions: records in chunks of 4 KiB, each chunk linked to the one before it. When the thread's share
/// of memory is full, chunks go to the spill file, where they are linked in the same way, so that a partition on disk
/// costs no memory at all.
///
/// `@unchecked Sendable`: written by one thread, and read by others only after that thread has ended (or, for a
/// partition that is split again, by the same thread).
final class PartitionWriter: @unchecked Sendable {
  static let chunkBytes = 4_096
  static let slabBytes = 1 << 20

  /// The head of a chunk, in memory and on disk.
  struct Head {
    /// In memory the next chunk's address, on disk its offset.
    var next: UInt
    /// Of this chunk, this head included.
    var bytes: UInt32
    /// On disk: of the next chunk. 0: there is none.
    var nextBytes: UInt32
  }
  static let headBytes = MemoryLayout<Head>.stride

  struct Partition {
    /// The open chunk, linked to the full ones.
    var chunk: UnsafeMutableRawPointer?
    var place = SpillFile.Place()
    var spilledBytes = 0
    var records = 0
    /// Bytes of the longest record.
    var longest = 0
  }

  let partitions: UnsafeMutableBufferPointer<Partition>
  private let spill: SpillFile
  private let budget: MemoryBudget
  private let slabsMost: Int
  private var slabs: [UnsafeMutableRawPointer] = []
  private var free: UnsafeMutableRawPointer?
  private var fullChunks = 0

  /// - Parameter memoryBytes: for this thread's chunks, at the most.
  init(partitions count: Int, memoryBytes: Int, spill: SpillFile, budget: MemoryBudget) {
    partitions = .allocate(capacity: count)
    partitions.initialize(repeating: Partition())
    self.spill = spill
    self.budget = budget
    slabsMost = max(memoryBytes / PartitionWriter.slabBytes, 1)
  }

  deinit {
    releaseMemory()
    partitions.deallocate()
  }

  /// Gives the chunks' memory back; what they hold is gone.
  func releaseMemory() {
    for slab in slabs {
      munmap(slab, PartitionWriter.slabBytes)
      budget.release(PartitionWriter.slabBytes)
    }
    slabs = []
    free = nil
    for index in partitions.indices { partitions[index].chunk = nil }
  }

  /// Adds a record to a partition.
  @inline(__always)
  func append(_ record: UnsafeRawBufferPointer, to index: Int) throws {
    let slot = partitions.baseAddress! + index
    if let chunk = slot.pointee.chunk {
      let head = chunk.assumingMemoryBound(to: Head.self)
      let used = Int(head.pointee.bytes)
      if used + record.count <= PartitionWriter.chunkBytes {
        (chunk + used).copyMemory(from: record.baseAddress!, byteCount: record.count)
        head.pointee.bytes = UInt32(used + record.count)
        slot.pointee.records += 1
        if record.count > slot.pointee.longest { slot.pointee.longest = record.count }
        return
      }
    }
    try appendToNewChunk(record, to: index)
  }

  @inline(never)
  private func appendToNewChunk(_ record: UnsafeRawBufferPointer, to index: Int) throws {
    partitions[index].records += 1
    partitions[index].longest = max(partitions[index].longest, record.count)
    guard record.count + PartitionWriter.headBytes <= PartitionWriter.chunkBytes else {
      return try spillAlone(record, of: index)
    }
    let chunk = try takeChunk()
    // Taking a chunk may have spilled this partition's own.
    let previous = partitions[index].chunk
    if previous != nil { fullChunks += 1 }
    chunk.storeBytes(
      of: Head(next: UInt(bitPattern: previous), bytes: UInt32(PartitionWriter.headBytes + record.count), nextBytes: 0),
      as: Head.self)
    (chunk + PartitionWriter.headBytes).copyMemory(from: record.baseAddress!, byteCount: record.count)
    partitions[index].chunk = chunk
  }

  private func takeChunk() throws -> UnsafeMutableRawPointer {
    if free == nil, !growPool() { try spillChunks() }
    guard let chunk = free else {
      throw BudgetExceeded(neededBytes: PartitionWriter.slabBytes, what: "the partitions' chunks")
    }
    free = UnsafeMutableRawPointer(bitPattern: chunk.load(as: UInt.self))
    return chunk
  }

  private func growPool() -> Bool {
    let bytes = PartitionWriter.slabBytes
    guard slabs.count < slabsMost, budget.reserve(bytes) else { return false }
    guard let slab = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), slab != MAP_FAILED else {
      budget.release(bytes)
      return false
    }
    slabs.append(slab)
    for offset in stride(from: 0, to: bytes, by: PartitionWriter.chunkBytes) { giveBack(slab + offset) }
    return true
  }

  private func giveBack(_ chunk: UnsafeMutableRawPointer) {
    chunk.storeBytes(of: UInt(bitPattern: free), as: UInt.self)
    free = chunk
  }

  /// Writes the full chunks to the spill file; the open ones too, when they are most of what there is.
  private func spillChunks() throws {
    let all = slabs.count * (PartitionWriter.slabBytes / PartitionWriter.chunkBytes)
    let takesOpen = fullChunks < all / 2
    var batch = SpillBatch(spill: spill)
    for index in partitions.indices {
      guard let open = partitions[index].chunk else { continue }
      let head = open.assumingMemoryBound(to: Head.self)
      var chunk = takesOpen ? open : UnsafeMutableRawPointer(bitPattern: head.pointee.next)
      if takesOpen { partitions[index].chunk = nil } else { head.pointee.next = 0 }
      while let current = chunk {
        chunk = UnsafeMutableRawPointer(bitPattern: current.load(as: Head.self).next)
        try batch.add(current, partition: partitions.baseAddress! + index, written: giveBack)
      }
    }
    try batch.flush(written: giveBack)
    fullChunks = 0
  }

  /// A record that no chunk holds is a chunk of its own, on disk.
  private func spillAlone(_ record: UnsafeRawBufferPointer, of index: Int) throws {
    let bytes = PartitionWriter.headBytes + record.count
    let old = partitions[index].place
    let offset = spill.reserve(bytes)
    var head = Head(next: UInt(old.offset), bytes: UInt32(bytes), nextBytes: UInt32(old.bytes))
    try withUnsafeMutableBytes(of: &head) { headBytes in
      let pieces = UnsafeMutableBufferPointer<iovec>.allocate(capacity: 2)
      defer { pieces.deallocate() }
      pieces[0] = iovec(iov_base: headBytes.baseAddress!, iov_len: headBytes.count)
      pieces[1] = iovec(iov_base: UnsafeMutableRawPointer(mutating: record.baseAddress!), iov_len: record.count)
      try spill.write(pieces, at: offset)
    }
    partitions[index].place = SpillFile.Place(offset: offset, bytes: bytes)
    partitions[index].spilledBytes += bytes
  }
}

/// Chunks on their way to the spill file: gathered to a mebibyte, written at one reserved place.
private struct SpillBatch {
  private static let chunksMost = 256
  let spill: SpillFile
  private var chunks: [(UnsafeMutableRawPointer, UnsafeMutablePointer<PartitionWriter.Partition>)] = []

  init(spill: SpillFile) { self.spill = spill }

  mutating func add(
    _ chunk: UnsafeMutableRawPointer, partition: UnsafeMutablePointer<PartitionWriter.Partition>,
    written: (UnsafeMutableRawPointer) -> Void
  ) throws {
    chunks.append((chunk, partition))
    if chunks.count == SpillBatch.chunksMost { try flush(written: written) }
  }

  mutating func flush(written: (UnsafeMutableRawPointer) -> Void) throws {
    if chunks.isEmpty { return }
    let pieces = UnsafeMutableBufferPointer<iovec>.allocate(capacity: chunks.count)
    defer { pieces.deallocate() }
    let start = spill.reserve(chunks.reduce(0) { $0 + Int($1.0.load(as: PartitionWriter.Head.self).bytes) })
    var offset = start
    for (index, (chunk, partition)) in chunks.enumerated() {
      let head = chunk.assumingMemoryBound(to: PartitionWriter.Head.self)
      let bytes = Int(head.pointee.bytes)
      head.pointee.next = UInt(partition.pointee.place.offset)
      head.pointee.nextBytes = UInt32(partition.pointee.place.bytes)
      partition.pointee.place = SpillFile.Place(offset: offset, bytes: bytes)
      partition.pointee.spilledBytes += bytes
      pieces[index] = iovec(iov_base: chunk, iov_len: bytes)
      offset += bytes
    }
    try spill.write(pieces, at: start)
    for (chunk, _) in chunks { written(chunk) }
    chunks.removeAll(keepingCapacity: true)
  }
}
