import Storage
import Synchronization
import TallySchema

/// Between grouping and writing, where the job asks for an order or for the first groups only: groups in, partitions of
/// their places in that order out; and from those the file.
struct OrderingPhase: Sendable {
  private static let partitionsMost = 256

  let writing: WritingPhase
  private var grouping: GroupingPhase { writing.grouping }
  private var counters: ProgressCounters { writing.counters }

  func run(_ result: ResultFile) throws -> SealedResult {
    let spec = grouping.spec
    let order = OrderKey(spec, grouping.plan)
    let router = PartitionRouter(sample: try sample(order), partitions: OrderingPhase.partitionsMost)
    let share = ChunkShare(bytes: grouping.memory.sortBytes / 2 * grouping.memory.threads)
    let writers = (0..<grouping.memory.threads).map { _ in
      PartitionWriter(partitions: router.count, share: share, spill: grouping.spill, budget: grouping.budget)
    }
    try arrange(order, router, writers)
    // What was grouped is no longer needed.
    for writer in grouping.writers { writer.releaseMemory() }
    return try write(writers, result)
  }

  /// Places of groups from some partitions.
  private func sample(_ order: OrderKey) throws -> [[UInt8]] {
    var sample: [[UInt8]] = []
    let finisher = writing.finisher(memoryBytes: grouping.memory.sortBytes / 2)
    for index in Set([1, 2, 3].map { $0 * grouping.router.count / 4 }) {
      var target = OrderSample(order: order)
      do {
        try finisher.finish(grouping.writers.map { $0.partitions[index] }, to: &target)
      } catch is OrderSample.Enough {}
      sample += target.keys
    }
    counters.groups.store(0, ordering: .relaxed)
    return sample
  }

  private func arrange(_ order: OrderKey, _ router: PartitionRouter, _ writers: [PartitionWriter]) throws {
    let failure = FirstFailure()
    let counter = SharedCounter()
    let workers: [@Sendable () -> Void] = writers.map { writer in
      {
        do {
          var target = try OrderWriter(
            order: order, printer: writing.printer, router: router, writer: writer, limit: grouping.spec.limit,
            budget: grouping.budget)
          let finisher = writing.finisher(memoryBytes: grouping.memory.sortBytes / 2)
          while let partition = counter.next(below: grouping.router.count) {
            try finisher.finish(grouping.writers.map { $0.partitions[partition] }, to: &target)
          }
          target.seal()
        } catch {
          failure.set(error)
          counter.stop()
        }
      }
    }
    ThreadGroup.runSharing(workers)
    try failure.rethrow()
  }

  private func write(_ writers: [PartitionWriter], _ result: ResultFile) throws -> SealedResult {
    let limit = grouping.spec.limit ?? .max
    // Where each partition's records stand among all.
    var starts: [Int] = []
    var records = 0
    for index in writers[0].partitions.indices {
      starts.append(records)
      records += writers.reduce(0) { $0 + $1.partitions[index].records }
    }
    let firsts = starts
    let partitions = max(starts.firstIndex { $0 >= limit } ?? starts.count, 1)
    let sorted = SortedRecords(
      spill: grouping.spill, budget: grouping.budget, memoryBytes: grouping.memory.sortBytes)
    let sizes = try writing.writeFile(result, partitions: partitions) { output in
      try writing.forEachPartition(output) { partition, place in
        var left = limit - firsts[partition]
        try sorted.forEach(writers.map { $0.partitions[partition] }) { record in
          if left == 0 { return false }
          let end = try place.room(record.payload.count)
          end.copyMemory(from: record.payload.baseAddress!, byteCount: record.payload.count)
          place.wrote(upTo: end + record.payload.count)
          left -= 1
          return true
        }
      }
    }
    return SealedResult(
      file: result.name, bytes: sizes.bytes, rows: min(records, limit), sha256: sizes.sha256)
  }
}

/// Hands out numbers to threads, each once.
final class SharedCounter: Sendable {
  private let value = Atomic(0)

  func next(below limit: Int) -> Int? {
    let number = value.add(1, ordering: .relaxed).oldValue
    return number < limit && number >= 0 ? number : nil
  }

  /// No more numbers.
  func stop() { value.store(.max / 2, ordering: .relaxed) }
}
