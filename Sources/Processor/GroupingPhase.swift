import Synchronization
import TallySchema

/// The first half of a run: blocks in, partitions out.
struct GroupingPhase: Sendable {
  let spec: JobSpec
  let plan: GroupingPlan
  let memory: MemoryPlan
  let budget: MemoryBudget
  let spill: SpillFile
  let router: PartitionRouter
  let coding: CodingChoice?
  /// One for each thread. The general records' partitions come first, then as many for the coded ones, if rows are coded.
  let writers: [PartitionWriter]
  let dictionaries: [ThreadDictionaries]
  /// One for each thread, where different values are counted, with twice as many partitions (``DistinctWriter``).
  private let distinctWriters: [PartitionWriter]
  private let distinctPartitions: Int
  private let sampledGroups: NumberedGroups?
  /// One for each thread, where numbers are needed in order.
  private let orderedWriters: [PartitionWriter]
  private let orderedRouter: PartitionRouter?
  private let orderedAggregates = OrderedValueReader.makeAggregates()

  init(
    spec: JobSpec, plan: GroupingPlan, work: WorkPlan, budget: MemoryBudget, spill: SpillFile, sample: KeySample
  ) throws(BudgetExceeded) {
    let (memory, router, coding) = (work.memory, work.router, work.coding)
    self.spec = spec
    self.plan = plan
    self.memory = memory
    self.budget = budget
    self.spill = spill
    self.router = router
    self.coding = coding
    var dictionaries: [ThreadDictionaries] = []
    if let coding {
      for _ in 0..<memory.threads {
        dictionaries.append(try ThreadDictionaries(sizes: coding.sizes, budget: budget))
      }
    }
    self.dictionaries = dictionaries
    let dictionaryBytes = coding.map { $0.sizes.reduce(0) { $0 + $1.bytes } } ?? 0
    // What is written for a second round has a table of its own.
    let tables = (plan.distincts.isEmpty ? 0 : 1) + (plan.ordered.isEmpty ? 0 : 1)
    let share = ChunkShare(
      bytes: (memory.chunkBytes - dictionaryBytes - tables * GroupTable.bytes) * memory.threads)
    writers = (0..<memory.threads).map { _ in
      PartitionWriter(
        partitions: coding == nil ? router.count : 2 * router.count, share: share, spill: spill, budget: budget)
    }
    distinctPartitions = max(memory.partitions, memory.valuePartitions)
    distinctWriters =
      plan.distincts.isEmpty
      ? []
      : (0..<memory.threads).map { [distinctPartitions] _ in
        PartitionWriter(partitions: 2 * distinctPartitions, share: share, spill: spill, budget: budget)
      }
    sampledGroups = try plan.distincts.isEmpty ? nil : NumberedGroups(sample: sample.keys, budget: budget)
    let orderedRouter =
      plan.ordered.isEmpty
      ? nil : OrderedValueReader.makeRouter(plan, sample: sample, partitions: memory.partitions)
    self.orderedRouter = orderedRouter
    orderedWriters =
      orderedRouter.map { router in
        (0..<memory.threads).map { _ in
          PartitionWriter(partitions: router.count, share: share, spill: spill, budget: budget)
        }
      } ?? []
  }

  /// - Returns: the bad rows, where the job collects them.
  func run(_ inputs: [RunInput], limits: Limits, counters: ProgressCounters) throws -> [RejectedRow] {
    let queue = BlockQueue(limitBytes: memory.queueBytes)
    let badRows = BadRowLog(spec: spec, counters: counters, budget: budget)
    let failure = FirstFailure()
    let round = SecondRound(threads: memory.threads)
    let workers: [@Sendable () -> Void] = writers.indices.map { thread in
      {
        do {
          let sink = try makeSink(thread, badRows)
          try parse(queue, badRows: badRows, limits: limits, counters: counters, round: round, into: sink)
        } catch {
          round.fail()
          if !(error is BadRowLog.Stop) { failure.set(error) }
          queue.close(dropping: true)
        }
      }
    }
    let pool = BlockPool(blockBytes: memory.blockBytes, budget: budget)
    let reader = BlockReader(
      dialect: spec.csv, blockBytes: memory.blockBytes, limits: limits, pool: pool, queue: queue, counters: counters)
    try ThreadGroup.run(
      workers + [
        {
          do {
            var ordinal = 0
            for input in inputs {
              // What the header has is read, too.
              if input.text.isPlain { counters.bytesRead.add(input.header.endOffset, ordering: .relaxed) }
              let goesOn = try reader.run(
                input.text, from: input.header.endOffset, line: input.header.nextLine, ordinal: &ordinal)
              if !goesOn { break }
            }
          } catch {
            failure.set(error)
            // There is no answer: a second round would only take time.
            round.fail()
          }
          pool.close()
          queue.close()
        }
      ],
      onRefusal: {
        // Those that have begun must not wait for one that never will.
        round.fail()
        queue.close(dropping: true)
      })
    // A bad row comes before whatever went wrong after it.
    if let row = badRows.failure { throw row }
    try failure.rethrow()
    // What the second round has read is no longer needed.
    for writer in distinctWriters + orderedWriters { writer.releaseMemory() }
    return badRows.rejects
  }

  private func makeSink(_ thread: Int, _ badRows: BadRowLog) throws(BudgetExceeded) -> GroupingSink {
    var coder: RowCoder?
    if let coding {
      coder = try RowCoder(
        plan: coding.plan, grouping: plan, fieldText: FieldText(spec.csv), dictionaries: dictionaries[thread],
        router: router,
        writer: writers[thread], cellLimits: coding.cellLimits, budget: budget)
    }
    // What the second round finds comes when memory is short.
    if plan.needsSecondRound { try writers[thread].takeFirstSlab() }
    let groups = try GroupWriter(
      aggregates: plan.aggregates, router: router, writer: writers[thread], budget: budget)
    var distinct: DistinctWriter?
    if let sampledGroups {
      distinct = try DistinctWriter(
        plan: plan, writer: distinctWriters[thread], partitions: distinctPartitions, sampled: sampledGroups,
        budget: budget)
    }
    var ordered: OrderedValueWriter?
    if let orderedRouter {
      ordered = try OrderedValueWriter(
        plan: plan, aggregates: orderedAggregates, router: orderedRouter, writer: orderedWriters[thread], budget: budget
      )
    }
    return try GroupingSink(
      plan: plan, fieldText: FieldText(spec.csv), groups: groups, badRows: badRows, coder: coder, distinct: distinct,
      ordered: ordered, budget: budget)
  }

  private func parse(
    _ queue: BlockQueue, badRows: BadRowLog, limits: Limits, counters: ProgressCounters, round: SecondRound,
    into sink: consuming GroupingSink
  ) throws {
    var sink = sink
    let parser = try BlockParser(
      columns: plan.columns, dialect: spec.csv, fieldBytesLimit: limits.fieldBytes, rowWork: plan.rowWork,
      interruption: counters.interruption, budget: budget)
    while let block = queue.pop() {
      if counters.interruption.isSet { throw CancellationError() }
      if badRows.isPast(block) { continue }
      counters.rows.add(try parser.parse(block, into: &sink), ordering: .relaxed)
    }
    try sink.endRows()
    if plan.needsSecondRound {
      // A value's records may be of any thread: all must have read their rows.
      guard round.waitForAll() else { return }
      if let sampledGroups { try countDistinct(round, sampledGroups, &sink) }
      if let orderedRouter { try searchOrdered(round, orderedRouter, counters, &sink) }
    }
    try sink.finish()
  }

  /// Counts the different values of the partitions that no other thread has taken.
  private func countDistinct(
    _ round: SecondRound, _ sampledGroups: NumberedGroups, _ sink: inout GroupingSink
  ) throws {
    let bytes = memory.sortBytes / 2
    let values = DistinctCounter(spill: spill, budget: budget, memoryBytes: bytes) {
      sampledGroups.key(of: $0)
    }
    let rows = DistinctRowCounter(
      spill: spill, budget: budget, memoryBytes: bytes, valuesMost: plan.distincts.count)
    while let partition = round.distinctPartitions.next(below: 2 * distinctPartitions) {
      let parts = distinctWriters.map { $0.partitions[partition] }
      if partition < distinctPartitions {
        try values.run(parts) { try sink.change($0, slot: $1, CountState.increment) }
      } else {
        try rows.run(parts) { try sink.change($0, slot: $1, CountState.increment) }
      }
    }
  }

  /// Looks at the ordered numbers of the partitions that no other thread has taken.
  private func searchOrdered(
    _ round: SecondRound, _ router: PartitionRouter, _ counters: ProgressCounters, _ sink: inout GroupingSink
  ) throws {
    let reader = OrderedValueReader(
      plan: plan, aggregates: orderedAggregates, spill: spill, counters: counters, budget: budget,
      memoryBytes: min(memory.sortBytes / 2, OrderedValueReader.memoryBytesMost))
    while let partition = round.orderedPartitions.next(below: router.count) {
      try reader.run(orderedWriters.map { $0.partitions[partition] }) { group, slot, answer in
        try sink.change(group, slot: slot) { FoundNumber.set(answer, in: $0) }
      }
    }
  }
}

/// Where threads wait for each other before they look at what they have written of their rows.
private final class SecondRound: Sendable {
  private let threads: Int
  private let state = Monitor((arrived: 0, hasFailed: false))
  /// Those that are left to be looked at.
  let distinctPartitions = SharedCounter()
  let orderedPartitions = SharedCounter()

  init(threads: Int) { self.threads = threads }

  /// False when one of the others has failed.
  func waitForAll() -> Bool {
    state.withLock { $0.arrived += 1 }
    return state.wait { state in
      if state.hasFailed { return false }
      return state.arrived == threads ? true : nil
    }
  }

  func fail() { state.withLock { $0.hasFailed = true } }
}
