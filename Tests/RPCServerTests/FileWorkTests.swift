import Dispatch
import NIOCore
import Processor
import Testing

@testable import RPCServer

/// A disk that doesn't answer blocks one thread of Swift's shared pool at the most, and nobody who is cancelled.
@Suite(.timeLimit(.minutes(1))) struct FileWorkTests {
  @Test func blockedFilesDoNotBlockOtherCalls() async throws {
    let files = FileWork(threads: 2)
    let disk = DispatchSemaphore(value: 0)
    // More than the shared pool has threads.
    let blocked = System.coreCount + 4
    let answers = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<blocked {
        group.addTask {
          try await files.runQuick { _ in
            disk.wait()
            return number
          }
        }
      }
      for _ in 0..<1_000 {
        await Task.yield()
        #expect(await Task { 1 }.value == 1, "other work goes on")
      }
      for _ in 0..<blocked { disk.signal() }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.sorted() == Array(0..<blocked))
    await files.shutDown()
  }

  @Test func whoIsCancelledGoesOnAtOnce() async throws {
    let files = FileWork(threads: 1)
    let (disk, begun) = (DispatchSemaphore(value: 0), AsyncStream.makeStream(of: Void.self))
    let work = Task {
      try await files.run { interruption in
        begun.continuation.yield()
        disk.wait()
        return interruption.isSet
      }
    }
    for await _ in begun.stream { break }
    work.cancel()
    await #expect(throws: CancellationError.self) { try await work.value }
    #expect(try await files.run(atMostMilliseconds: 20) { _ in 1 } == nil, "the only thread still waits for the disk")
    disk.signal()
    #expect(try await files.run(atMostMilliseconds: 10_000) { _ in 2 } == 2)
    await files.shutDown()
    await #expect(throws: CancellationError.self) { try await files.run { _ in 3 } }
  }
}
