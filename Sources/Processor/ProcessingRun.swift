import Schema
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One run from the file to the result, on the thread that calls it and the threads that it starts and joins.
struct ProcessingRun: Sendable {
  struct Answer: Sendable {
    var bytes: Int
    var rows: Int
    var sha256: String
  }

  let spec: JobSpec
  let places: ProcessingPlaces
  let limits: Limits
  let counters: ProgressCounters

  static let noThreads = JobFailure(
    .unavailable, reason: "NO_THREADS",
    "The machine gives the server no more threads. Raise its limit of processes, or lower --workers.")

  /// - Throws: ``JobFailure``, `CancellationError`.
  func perform() throws -> Answer {
    do {
      return try performUnchecked()
    } catch let error as BudgetExceeded {
      throw JobFailure(
        .resourceExhausted, reason: "MEMORY_BUDGET",
        "The job's memory of \(spec.memoryBytes) bytes (memoryBytes) is too small: \(error.what) need "
          + "\(error.neededBytes) more. Give the job more memory.")
    } catch is ThreadGroup.NoThreads {
      throw ProcessingRun.noThreads
    }
  }

  private func performUnchecked() throws -> Answer {
    let file = try InputFile.open(places.input, name: spec.input)
    counters.bytesTotal.store(file.identity.size, ordering: .relaxed)
    let header = try CSVHeader(of: file, dialect: spec.csv, limits: limits)
    let plan = try GroupingPlan(spec, header: header, file: spec.input)
    let memory = MemoryPlan(
      memoryBytes: spec.memoryBytes, inputBytes: file.identity.size,
      threads: places.threads ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)), blockBytes: places.blockBytes,
      isGrouped: !spec.groupBy.isEmpty)
    let budget = MemoryBudget(limitBytes: spec.memoryBytes)
    let spill = try SpillFile(folder: places.spillFolder, counters: counters)
    let sample =
      memory.partitions > 1
      ? try KeySample.keys(of: file, from: header.endOffset, plan: plan, dialect: spec.csv, perPlace: 160) : []
    let router = PartitionRouter(sample: sample, partitions: memory.partitions)
    let writers = (0..<memory.threads).map { _ in
      PartitionWriter(partitions: router.count, memoryBytes: memory.chunkBytes, spill: spill, budget: budget)
    }

    counters.bytesRead.store(header.endOffset, ordering: .relaxed)
    try read(file, header: header, plan: plan, memory: memory, budget: budget, router: router, writers: writers)
    try file.checkUnchanged()
    counters.phase.store(1, ordering: .relaxed)
    return try write(plan: plan, memory: memory, budget: budget, spill: spill, router: router, writers: writers)
  }

  /// Blocks in, partitions out.
  private func read(
    _ file: InputFile, header: CSVHeader, plan: GroupingPlan, memory: MemoryPlan, budget: MemoryBudget,
    router: PartitionRouter, writers: [PartitionWriter]
  ) throws {
    let queue = BlockQueue(limitBytes: memory.queueBytes)
    let badRows = BadRowLog(spec: spec, file: spec.input, counters: counters)
    let failure = FirstFailure()
    let workers: [@Sendable () -> Void] = writers.map { writer in
      {
        do {
          let sink = try GroupingSink(
            plan: plan, quote: spec.csv.quote, router: router, writer: writer, badRows: badRows, budget: budget)
          try parse(queue, columns: plan.columns, badRows: badRows, into: sink, budget: budget)
        } catch {
          if !(error is BadRowLog.Stop) { failure.set(error) }
          queue.close(dropping: true)
        }
      }
    }
    let reader = BlockReader(
      dialect: spec.csv, blockBytes: memory.blockBytes, limits: limits, budget: budget, queue: queue, counters: counters
    )
    try ThreadGroup.run(
      workers + [
        {
          do {
            try reader.run(file, from: header.endOffset, line: header.nextLine)
          } catch {
            failure.set(error)
          }
          queue.close()
        }
      ], onRefusal: { queue.close(dropping: true) })
    // A bad row comes before whatever went wrong after it.
    if let row = badRows.failure { throw row }
    try failure.rethrow()
  }

  private func parse(
    _ queue: BlockQueue, columns: Int, badRows: BadRowLog, into sink: consuming GroupingSink, budget: MemoryBudget
  ) throws {
    var sink = sink
    let parser = try BlockParser(
      columns: columns, delimiter: spec.csv.delimiter, quote: spec.csv.quote, fieldBytesLimit: limits.fieldBytes,
      budget: budget)
    while let block = queue.pop() {
      if counters.isCancelled.load(ordering: .relaxed) { throw CancellationError() }
      if badRows.isPast(block) { continue }
      counters.rows.add(try parser.parse(block, into: &sink), ordering: .relaxed)
    }
    try sink.finish()
  }

  /// Partitions in, the result's file out.
  private func write(
    plan: GroupingPlan, memory: MemoryPlan, budget: MemoryBudget, spill: SpillFile, router: PartitionRouter,
    writers: [PartitionWriter]
  ) throws -> Answer {
    let printer = GroupPrinter(spec: spec, plan: plan)
    let result = try ResultWriter(path: places.resultPath)
    try printer.header(spec.outputColumns).withUnsafeBytes { try result.write($0) }
    let output = try OrderedOutput(
      partitions: router.count, buffers: memory.threads + 2, bufferBytes: memory.outputBytes, writer: result,
      budget: budget)
    let failure = FirstFailure()
    let workers: [@Sendable () -> Void] = (0..<memory.threads).map { _ in
      {
        let finisher = PartitionFinisher(
          plan: plan, printer: printer, spill: spill, counters: counters, output: output, budget: budget,
          memoryBytes: memory.sortBytes)
        do {
          while let (number, buffer) = output.begin() {
            try finisher.finish(writers.map { $0.partitions[number] }, number: number, into: buffer)
            try output.finish(number, buffer)
          }
        } catch {
          if !(error is OrderedOutput.Abandoned) { failure.set(error) }
          output.fail()
        }
      }
    }
    ThreadGroup.runSharing(workers)
    try failure.rethrow()
    let sha256 = try result.finish()
    return Answer(bytes: result.bytes, rows: counters.groups.load(ordering: .relaxed), sha256: sha256)
  }
}

/// The first error of several threads.
final class FirstFailure: Sendable {
  private let error = Mutex<(any Error)?>(nil)

  func set(_ new: any Error) { error.withLock { $0 = $0 ?? new } }

  func rethrow() throws {
    if let error = error.withLock({ $0 }) { throw error }
  }
}
