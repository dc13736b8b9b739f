import Storage
import Synchronization
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One run from the file to the result, on the thread that calls it and the threads that it starts and joins.
struct ProcessingRun: Sendable {
  let spec: JobSpec
  let places: ProcessingPlaces
  let limits: Limits
  let counters: ProgressCounters

  static let noThreads = JobFailure(
    .unavailable, reason: "NO_THREADS",
    "The machine gives the server no more threads. Raise its limit of processes, or lower --workers.")

  /// - Throws: ``JobFailure``, `CancellationError`.
  func perform() throws -> SealedResult {
    do {
      return try performUnchecked()
    } catch let error as BudgetExceeded {
      throw JobFailure(
        .resourceExhausted, reason: "MEMORY_BUDGET",
        "The job's memory of \(spec.memoryBytes) bytes (memoryBytes) is too small: \(error.what) need "
          + "\(error.neededBytes) more. Give the job more memory.")
    } catch is ThreadGroup.NoThreads {
      throw ProcessingRun.noThreads
    } catch is JobFailure where counters.interruption.isSet {
      // What interrupted work says of itself, or what came of its end.
      throw CancellationError()
    }
  }

  private func performUnchecked() throws -> SealedResult {
    let inputs = try RunInput.open(
      places.inputs, spec: spec, limits: limits, interruption: counters.interruption)
    guard let first = inputs.first else {
      throw JobFailure(.notFound, reason: "INPUT_NOT_FOUND", "\(spec.input): there is no such file.", file: spec.input)
    }
    counters.bytesTotal.store(inputs.reduce(0) { $0 + $1.text.file.size }, ordering: .relaxed)
    let plan = try GroupingPlan(spec, header: first.header, file: first.text.file.name)
    let textBytes = inputs.reduce(0) { $0 + $1.textBytes }
    let memory = MemoryPlan(
      memoryBytes: spec.memoryBytes, inputBytes: textBytes,
      threads: places.threads ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)), blockBytes: places.blockBytes,
      isGrouped: !spec.groupBy.isEmpty, partitions: places.grouping?.partitions)
    let budget = MemoryBudget(limitBytes: spec.memoryBytes)
    let spill = try SpillFile(folder: places.spillFolder, counters: counters)
    let sample =
      memory.partitions > 1
      ? try KeySample(of: inputs, plan: plan, dialect: spec.csv, perPlace: 160)
      : KeySample(plan: plan)
    let work = WorkPlan(spec, plan, memory, sample: sample, textBytes: textBytes, cut: places.grouping)
    let grouping = try GroupingPhase(spec: spec, plan: plan, work: work, budget: budget, spill: spill, sample: sample)
    let rejects = try grouping.run(inputs, limits: limits, counters: counters)
    for input in inputs { try input.text.file.checkUnchanged() }
    counters.phase.store(.writing, ordering: .relaxed)
    // Only users who may read all inputs may read the result.
    let permissions = inputs.reduce(places.resultMode) { $0 & $1.text.file.permissions } | 0o400
    guard spec.onBadRow == .collect else { return try write(grouping, permissions) }
    let beside = ResultFile(name: places.stage.file, sink: try places.stage.makeRejects(), permissions: permissions)
    try RejectedRow.write(rejects, to: beside, budget: budget)
    do {
      return try write(grouping, permissions)
    } catch {
      // Nothing is left of a run that has failed.
      beside.sink.discard()
      throw error
    }
  }

  private func write(_ grouping: GroupingPhase, _ permissions: UInt32) throws -> SealedResult {
    let result = ResultFile(name: places.stage.file, sink: try places.stage.makeResult(), permissions: permissions)
    let writing = try WritingPhase(grouping: grouping, counters: counters)
    return spec.orderBy.isEmpty && spec.limit == nil
      ? try writing.run(result)
      : try OrderingPhase(writing: writing).run(result)
  }
}

/// The first error of several threads.
final class FirstFailure: Sendable {
  private let error = Monitor<(any Error)?>(nil)

  func set(_ new: any Error) { error.withLock { $0 = $0 ?? new } }

  func rethrow() throws {
    if let error = error.withLock({ $0 }) { throw error }
  }
}
