import TallySchema

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
    /// Where the next record goes, and where the open chunk ends; both nil where there is none.
    var cursor: UnsafeMutableRawPointer?
    var limit: UnsafeMutableRawPointer?
    /// The open chunk, linked to the full ones.
    var chunk: UnsafeMutableRawPointer?
    var place = SpillFile.Extent()
    var spilledBytes = 0
    var spilledChunks = 0
    /// Not of coded ones, which are all of one size.
    var records = 0
    /// Bytes of the longest record.
    var longest = 0
  }

  let partitions: UnsafeMutableBufferPointer<Partition>
  private let spill: SpillFile
  private let budget: MemoryBudget
  private let share: ChunkShare
  private var slabs: [UnsafeMutableRawPointer] = []
  private var free: UnsafeMutableRawPointer?
  private var fullChunks = 0

  init(partitions count: Int, share: ChunkShare, spill: SpillFile, budget: MemoryBudget) {
    partitions = .allocate(capacity: count)
    partitions.initialize(repeating: Partition())
    self.spill = spill
    self.budget = budget
    self.share = share
  }

  deinit {
    releaseMemory()
    partitions.deallocate()
  }

  /// Gives the chunks' memory back; what they hold is gone.
  func releaseMemory() {
    for slab in slabs {
      munmap(slab, share.slabBytes)
      budget.release(share.slabBytes)
      share.giveBack()
    }
    slabs = []
    free = nil
    for index in partitions.indices {
      (partitions[index].chunk, partitions[index].cursor, partitions[index].limit) = (nil, nil, nil)
    }
  }

  /// Adds a record to a partition.
  @inline(__always)
  func append(_ record: UnsafeRawBufferPointer, to index: Int) throws {
    let slot = partitions.baseAddress! + index
    slot.pointee.records += 1
    if record.count > slot.pointee.longest { slot.pointee.longest = record.count }
    if let cursor = slot.pointee.cursor, cursor + record.count <= slot.pointee.limit! {
      cursor.copyMemory(from: record.baseAddress!, byteCount: record.count)
      slot.pointee.cursor = cursor + record.count
      return
    }
    guard record.count + PartitionWriter.headBytes <= PartitionWriter.chunkBytes else {
      return try spillAlone(record, of: index)
    }
    let place = try openChunk(of: index)
    place.copyMemory(from: record.baseAddress!, byteCount: record.count)
    slot.pointee.cursor = place + record.count
  }

  /// Room for a record of a size that a chunk holds, to be written at once; it isn't counted.
  @inline(__always)
  func place(bytes: Int, in index: Int) throws -> UnsafeMutableRawPointer {
    let slot = partitions.baseAddress! + index
    if let cursor = slot.pointee.cursor, cursor + bytes <= slot.pointee.limit! {
      slot.pointee.cursor = cursor + bytes
      return cursor
    }
    let place = try openChunk(of: index)
    slot.pointee.cursor = place + bytes
    return place
  }

  /// Writes the open chunks' sizes to their heads: to be called after the last record, before anything is read.
  func seal() {
    for slot in partitions { PartitionWriter.seal(slot) }
  }

  private static func seal(_ slot: Partition) {
    guard let chunk = slot.chunk, let cursor = slot.cursor else { return }
    chunk.assumingMemoryBound(to: Head.self).pointee.bytes = UInt32(cursor - chunk)
  }

  @inline(never)
  private func openChunk(of index: Int) throws -> UnsafeMutableRawPointer {
    let slot = partitions.baseAddress! + index
    PartitionWriter.seal(slot.pointee)
    let chunk = try takeChunk()
    // Taking a chunk may have spilled this partition's own.
    let previous = slot.pointee.chunk
    if previous != nil { fullChunks += 1 }
    chunk.storeBytes(of: Head(next: UInt(bitPattern: previous), bytes: 0, nextBytes: 0), as: Head.self)
    slot.pointee.chunk = chunk
    slot.pointee.limit = chunk + PartitionWriter.chunkBytes
    return chunk + PartitionWriter.headBytes
  }

  private func takeChunk() throws -> UnsafeMutableRawPointer {
    if free == nil, !growPool() { try spillChunks() }
    guard let chunk = free else {
      throw BudgetExceeded(neededBytes: share.slabBytes, what: "the partitions' chunks")
    }
    free = UnsafeMutableRawPointer(bitPattern: chunk.load(as: UInt.self))
    return chunk
  }

  /// Takes memory for the first chunks now, before others have taken all that there is.
  func takeFirstSlab() throws(BudgetExceeded) {
    if !slabs.isEmpty || growPool() { return }
    throw BudgetExceeded(neededBytes: share.slabBytes, what: "the partitions' chunks")
  }

  private func growPool() -> Bool {
    let bytes = share.slabBytes
    // Each thread can have one, or it could do nothing at all.
    guard share.take(orAnyway: slabs.isEmpty) else { return false }
    guard budget.reserve(bytes) else {
      share.giveBack()
      return false
    }
    guard let slab = PageMapping.mapHuge(bytes) else {
      share.giveBack()
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
    let all = slabs.count * (share.slabBytes / PartitionWriter.chunkBytes)
    let takesOpen = fullChunks < all / 2
    var batch = SpillBatch(spill: spill)
    for index in partitions.indices {
      guard let open = partitions[index].chunk else { continue }
      let head = open.assumingMemoryBound(to: Head.self)
      var chunk = takesOpen ? open : UnsafeMutableRawPointer(bitPattern: head.pointee.next)
      if takesOpen {
        PartitionWriter.seal(partitions[index])
        (partitions[index].chunk, partitions[index].cursor, partitions[index].limit) = (nil, nil, nil)
      } else {
        head.pointee.next = 0
      }
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
    partitions[index].place = SpillFile.Extent(offset: offset, bytes: bytes)
    partitions[index].spilledBytes += bytes
    partitions[index].spilledChunks += 1
  }
}
