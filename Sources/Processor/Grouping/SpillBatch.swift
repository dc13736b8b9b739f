#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Chunks on their way to the spill file: gathered to a mebibyte, written at one reserved place.
struct SpillBatch {
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
      partition.pointee.place = SpillFile.Extent(offset: offset, bytes: bytes)
      partition.pointee.spilledBytes += bytes
      partition.pointee.spilledChunks += 1
      pieces[index] = iovec(iov_base: chunk, iov_len: bytes)
      offset += bytes
    }
    try spill.write(pieces, at: start)
    for (chunk, _) in chunks { written(chunk) }
    chunks.removeAll(keepingCapacity: true)
  }
}
