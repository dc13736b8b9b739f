import Storage
import Synchronization
import TallySchema

/// The second half of a run: partitions in, the result's file out.
struct WritingPhase: Sendable {
  let grouping: GroupingPhase
  let counters: ProgressCounters
  let printer: GroupPrinter
  private let ranks: CodedRanks?

  init(grouping: GroupingPhase, counters: ProgressCounters) throws(BudgetExceeded) {
    self.grouping = grouping
    self.counters = counters
    let printer = GroupPrinter(spec: grouping.spec, plan: grouping.plan)
    self.printer = printer
    ranks =
      if grouping.coding == nil {
        nil
      } else {
        try CodedRanks(
          grouping.dictionaries, partitions: grouping.router.count, printer: printer, budget: grouping.budget)
      }
  }

  func run(_ result: ResultFile) throws -> SealedResult {
    let sizes = try writeFile(result, partitions: grouping.router.count) { try finishPartitions($0) }
    return SealedResult(
      file: result.name, bytes: sizes.bytes, rows: counters.groups.load(ordering: .relaxed), sha256: sizes.sha256)
  }

  /// Writes the file by all threads, each of which runs the body.
  func writeFile(
    _ file: ResultFile, partitions: Int, _ body: @escaping @Sendable (OrderedOutput) throws -> Void
  ) throws -> (bytes: Int, sha256: String) {
    let memory = grouping.memory
    let result = try ResultWriter(file, budget: grouping.budget)
    try printer.header.withUnsafeBytes { try result.write($0) }
    let output = try OrderedOutput(
      partitions: partitions, buffers: memory.threads + 2, bufferBytes: memory.outputBytes, writer: result,
      budget: grouping.budget)
    let failure = FirstFailure()
    let workers: [@Sendable () -> Void] = (0..<memory.threads).map { _ in
      {
        do {
          try body(output)
        } catch {
          if !(error is OrderedOutput.Abandoned) { failure.set(error) }
          output.fail()
        }
      }
    }
    ThreadGroup.runSharing(workers)
    try failure.rethrow()
    let sha256 = try result.finish()
    return (result.bytes, sha256)
  }

  func finisher(memoryBytes: Int) -> PartitionFinisher {
    PartitionFinisher(
      aggregates: grouping.plan.aggregates, spill: grouping.spill, counters: counters, budget: grouping.budget,
      memoryBytes: memoryBytes)
  }

  private func finishPartitions(_ output: OrderedOutput) throws {
    let general = finisher(memoryBytes: grouping.memory.sortBytes)
    guard let coding = grouping.coding, let ranks else {
      return try forEachPartition(output) { partition, place in
        try general.finish(grouping.writers.map { $0.partitions[partition] }, to: &place)
      }
    }
    var coded = try CodedFinisher(
      plan: coding.plan, ranks: ranks, printer: printer, spill: grouping.spill, budget: grouping.budget,
      memoryBytes: grouping.memory.sortBytes)
    try forEachPartition(output) { partition, place in
      let parts = grouping.writers.map { $0.partitions[partition] }
      let codedParts = grouping.writers.map { $0.partitions[grouping.router.count + partition] }
      if parts.allSatisfy({ $0.records == 0 }),
        let groups = try coded.finish(codedParts, partition: partition, to: &place)
      {
        counters.groups.add(groups, ordering: .relaxed)
        return
      }
      let expanded = try expand(codedParts, coding.plan)
      defer { withExtendedLifetime(expanded) {} }
      try general.finish(parts + [expanded.partitions[0]], to: &place)
    }
  }

  func forEachPartition(_ output: OrderedOutput, _ body: (Int, inout GroupOutput) throws -> Void) throws {
    while let (partition, buffer) = output.begin() {
      if counters.interruption.isSet { throw CancellationError() }
      var place = GroupOutput(output, number: partition, buffer: buffer, printer: printer, budget: grouping.budget)
      try body(partition, &place)
      try place.finish()
      try output.finish(partition, buffer)
    }
  }

  /// A partition's coded records in the general form.
  private func expand(_ parts: [PartitionWriter.Partition], _ plan: CodedPlan) throws -> PartitionWriter {
    let writer = PartitionWriter(
      partitions: 1, share: ChunkShare(bytes: grouping.memory.sortBytes / 2), spill: grouping.spill,
      budget: grouping.budget)
    let expander = CodedExpander(
      plan: plan, grouping: grouping.plan, dictionaries: grouping.dictionaries, spill: grouping.spill,
      budget: grouping.budget)
    for (thread, part) in parts.enumerated() { try expander.run(part, thread: thread, into: writer) }
    writer.seal()
    return writer
  }
}
