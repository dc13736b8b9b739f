/// How a run's budget is divided. Five eighths are for partitions; what reads and parses, and later what sorts and
/// writes, share the rest.
struct MemoryPlan {
  let threads: Int
  let blockBytes: Int
  let queueBytes: Int
  /// For each thread's chunks.
  let chunkBytes: Int
  let partitions: Int
  private let inputPartitions: Int
  /// Each, of one more than there are threads, twice.
  let outputBytes: Int
  /// For each thread's partition, while it is sorted.
  let sortBytes: Int

  /// The share of a partition that stays in a core's cache while it is sorted.
  private static let partitionBytes = 256 << 10
  private static let threadBytesLeast = 16 << 20

  /// - Parameter told: partitions; nil: as many as the input needs.
  init(
    memoryBytes: Int, inputBytes: Int, threads wanted: Int, blockBytes: Int?, isGrouped: Bool,
    partitions told: Int? = nil
  ) {
    threads = max(1, min(wanted, memoryBytes / MemoryPlan.threadBytesLeast))
    self.blockBytes = blockBytes ?? min(1 << 20, memoryBytes / 64)
    queueBytes = min(8 << 20, memoryBytes / 8)
    chunkBytes = memoryBytes * 5 / 8 / threads
    // Open chunks shall be no more than a quarter of a thread's share.
    let most = min(1_024, chunkBytes / (4 * PartitionWriter.chunkBytes))
    inputPartitions = max(1, min(inputBytes / MemoryPlan.partitionBytes, most))
    partitions = isGrouped ? told ?? inputPartitions : 1
    outputBytes = min(1 << 20, memoryBytes / 64)
    let rest = memoryBytes - chunkBytes * threads - outputBytes * (threads + 2)
    sortBytes = rest / threads * 3 / 4
  }

  /// Partitions of different values: as many as the input would need.
  var valuePartitions: Int { inputPartitions }

  /// For one thread's dictionaries, at the most: a share of what is for its chunks.
  var dictionaryBytes: Int { chunkBytes / 2 }
}
