import Synchronization

/// The memory for chunks of several threads: one that gets more of the rows may take more of it.
final class ChunkShare: Sendable {
  private static let slabBytesMost = 2 << 20
  private static let slabBytesLeast = 256 << 10

  /// What is taken at once: of a small share no more than a quarter, as every writer needs one in any case.
  let slabBytes: Int
  private let slabsMost: Int
  private let used = Atomic<Int>(0)

  /// How many partitions can have open chunks in a share without spilling them nearly empty, for a router that may have twice
  /// as many.
  static func partitions(in bytes: Int) -> Int { max(2, bytes / PartitionWriter.chunkBytes / 4) }

  init(bytes: Int) {
    let chunks = bytes / 4 / PartitionWriter.chunkBytes * PartitionWriter.chunkBytes
    slabBytes = min(ChunkShare.slabBytesMost, max(chunks, ChunkShare.slabBytesLeast))
    slabsMost = max(bytes / slabBytes, 1)
  }

  func take(orAnyway isNeeded: Bool) -> Bool {
    if used.add(1, ordering: .relaxed).newValue <= slabsMost || isNeeded { return true }
    giveBack()
    return false
  }

  func giveBack() { used.subtract(1, ordering: .relaxed) }
}
