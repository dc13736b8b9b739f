import Foundation
import StorageLocal
import Synchronization
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// Backpressure, cancellation, the budget, and progress.
@Suite struct PipelineTests {
  @Test func aSlowConsumerStopsTheReader() async throws {
    let folder = try TestFolder()
    let path = try folder.write(Array(String(repeating: "a,1\n", count: 500_000).utf8), as: "in.csv")
    let file = try InputFile(localInput(path), name: "in.csv")
    let budget = MemoryBudget(limitBytes: 64 << 20)
    let queue = BlockQueue(limitBytes: 256 << 10)
    let counters = ProgressCounters()
    let reader = BlockReader(
      dialect: CSVDialect(), blockBytes: 64 << 10, limits: .standard,
      pool: BlockPool(blockBytes: 64 << 10, budget: budget), queue: queue, counters: counters)
    let text = try InputText(plain: file)
    let reading = Task {
      try await ThreadGroup.detached {
        var ordinal = 0
        return try reader.run(text, from: 0, line: 1, ordinal: &ordinal)
      }
    }
    // Nobody takes a block: what has been read stops growing, at the queue's limit and the one block in hand.
    var (last, unchanged) = (-1, 0)
    while unchanged < 20 {
      try await Task.sleep(for: .milliseconds(10))
      let now = counters.bytesRead.load(ordering: .relaxed)
      unchanged = now == last && now > 0 ? unchanged + 1 : 0
      last = now
    }
    #expect(last <= queue.limitBytes + 2 * (64 << 10))
    #expect(queue.queuedBytes <= queue.limitBytes)
    var taken = 0
    let taking = Task {
      try await ThreadGroup.detached {
        var count = 0
        while count < 2_000_000, let block = queue.pop() { count += block.count }
        return count
      }
    }
    taken = try await taking.value
    _ = try await reading.value
    #expect(taken == 2_000_000)
  }

  @Test func aClosedQueueEndsTheReaderAndTheConsumer() throws {
    let queue = BlockQueue(limitBytes: 1)
    let budget = MemoryBudget(limitBytes: 1 << 20)
    let block = InputBlock(
      buffer: try PageBuffer(bytes: 1, budget: budget, for: "a test"), count: 1, ordinal: 0, file: "in.csv", offset: 0,
      firstLine: 1,
      pool: BlockPool(blockBytes: 1, budget: budget))
    #expect(queue.push(block))
    queue.close(dropping: true)
    #expect(queue.pop() == nil)
    #expect(!queue.push(block))
  }

  @Test func cancellingTheTaskEndsTheWorkAndLeavesNothing() async throws {
    let folder = try TestFolder()
    let path = try folder.write(
      Array("k,n\n".utf8) + Array(String(repeating: "a,1\n", count: 15_000_000).utf8), as: "in.csv")
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")])
    let places = ProcessingPlaces(
      input: localInput(path), stage: LocalStage(path: folder.path + "/r"), spillFolder: folder.path, blockBytes: 4_096)
    let processor = CSVProcessor(spec, places, limits: .standard)
    let task = Task { try await processor.run() }
    for await progress in processor.progress where progress.rows > 0 { break }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(folder.names == ["in.csv"])
  }

  @Test func progressGrowsAndEndsWithTheRun() async throws {
    let folder = try TestFolder()
    let path = try folder.write(
      Array("k,n\n".utf8) + Array(String(repeating: "a,1\n", count: 1_000_000).utf8), as: "in.csv")
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")])
    let places = ProcessingPlaces(
      input: localInput(path), stage: LocalStage(path: folder.path + "/r"), spillFolder: folder.path)
    let processor = CSVProcessor(spec, places, limits: .standard)
    async let outcome = processor.run()
    var seen: [JobProgress] = []
    for await progress in processor.progress { seen.append(progress) }
    _ = try await outcome
    let last = try #require(seen.last)
    #expect(seen.map(\.bytesRead) == seen.map(\.bytesRead).sorted())
    #expect(last.phase == .done && last.bytesRead == 4_000_004 && last.bytesTotal == 4_000_004)
    #expect(last.rows == 1_000_000 && last.groups == 1)
  }

  @Test func theBudgetIsGivenBackWhole() throws {
    let budget = MemoryBudget(limitBytes: 100_000)
    do {
      let first = try PageBuffer(bytes: 50_000, budget: budget, for: "a test")
      #expect(budget.usedBytes == first.count)
      let error = #expect(throws: BudgetExceeded.self) { try PageBuffer(bytes: 60_000, budget: budget, for: "a test") }
      #expect(error?.what == "a test")
    }
    #expect(budget.usedBytes == 0)
  }

  @Test func aBudgetThatIsTooSmallIsNamed() async throws {
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [], memoryBytes: 1 << 20)
    let failure = try await #require(throws: JobFailure.self) {
      try await TestFolder().run(spec, on: Array("k\na\n".utf8))
    }
    #expect(failure.reason == "MEMORY_BUDGET" && failure.message.contains("memoryBytes"))
  }

  @Test func aResultThatIsThereAlreadyIsNotOverwritten() async throws {
    let folder = try TestFolder()
    let input = try folder.write(Array("k\na\n".utf8), as: "in.csv")
    let result = try folder.write(Array("old".utf8), as: "r")
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [])
    let places = ProcessingPlaces(input: localInput(input), stage: LocalStage(path: result), spillFolder: folder.path)
    await #expect(throws: JobFailure.self) { try await CSVProcessor(spec, places, limits: .standard).run() }
    #expect(try folder.read("r") == Array("old".utf8))
  }

  @Test func aMissingResultFolderSaysSo() async throws {
    let folder = try TestFolder()
    let input = try folder.write(Array("k\na\n".utf8), as: "in.csv")
    let spec = JobSpec(input: "in.csv", output: "o", groupBy: ["k"], aggregates: [])
    let places = ProcessingPlaces(
      input: localInput(input), stage: LocalStage(path: folder.path + "/missing/r"), spillFolder: folder.path)
    let failure = try await #require(throws: JobFailure.self) {
      try await CSVProcessor(spec, places, limits: .standard).run()
    }
    #expect(failure.reason == "OUTPUT_FAILED" && failure.status == .unavailable)
  }
}
