import Synchronization

/// The memory for chunks of several threads: one that gets more of the rows may take more of it.
final class ChunkShare: Sendable {
  private let slabsMost: Int
  private let used = Atomic<Int>(0)

  init(bytes: Int) { slabsMost = max(bytes / PartitionWriter.slabBytes, 1) }

  func take(orAnyway isNeeded: Bool) -> Bool {
    if used.add(1, ordering: .relaxed).newValue <= slabsMost || isNeeded { return true }
    giveBack()
    return false
  }

  func giveBack() { used.subtract(1, ordering: .relaxed) }
}
