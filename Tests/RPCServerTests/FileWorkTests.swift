import Dispatch
import Processor
import Testing

@testable import RPCServer

/// A disk that doesn't answer blocks one thread of Swift's shared pool at the most, so that calls are answered meanwhile.
@Suite(.timeLimit(.minutes(1))) struct FileWorkTests {
  @Test func blockedFilesDoNotBlockOtherCalls() async throws {
    let files = FileWork(threads: 4)
    let disk = DispatchSemaphore(value: 0)
    let answers = try await withThrowingTaskGroup(of: Int.self) { group in
      // As many as there are threads for files, and the one that its caller lends: more than the pool of a small machine has.
      for number in 0..<5 {
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
      for _ in 0..<5 { disk.signal() }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.sorted() == [0, 1, 2, 3, 4])
    await files.shutDown()
  }
}
