import NIOCore
import Processor
import Synchronization
import TallySchema

/// Work on files that may take long, such as a walk through a folder: on a few threads of its own, so that calls stay quick,
/// and ended when its task is.
struct FileWork: Sendable {
  private let threads: FileThreads
  private let direct = DirectWork()

  /// - Parameter threads: works that run at the same time; others wait.
  init(threads: Int = 4) { self.threads = FileThreads(threads) }

  /// Ends the threads when what they do is done.
  func shutDown() async { await threads.shutDown() }

  /// Runs a body of some microseconds, such as a look at a few names.
  ///
  /// A hop to another thread and back takes several times as long. So the body runs on the caller's thread while no other
  /// does: a disk that doesn't answer then blocks one thread of Swift's shared pool, and never all of them.
  func runQuick<Value: Sendable>(_ body: @escaping @Sendable (Interruption) throws -> Value) async throws -> Value {
    guard direct.begin() else { return try await run(body) }
    defer { direct.end() }
    return try body(Interruption())
  }

  /// - Parameter body: asks its interruption at least every 50 ms.
  /// - Throws: what the body throws; `CancellationError` when the task was cancelled.
  func run<Value: Sendable>(_ body: @escaping @Sendable (Interruption) throws -> Value) async throws -> Value {
    let interruption = Interruption()
    do {
      return try await withTaskCancellationHandler {
        try await threads.runIfActive { try body(interruption) }
      } onCancel: {
        interruption.set()
      }
    } catch {
      throw interruption.isSet ? CancellationError() : error
    }
  }

  /// The same for work that also waits, such as for a lock or the store.
  func runWaiting<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
    try await withTaskExecutorPreference(threads, operation: body)
  }
}

/// Whether the one place for work on a caller's own thread is taken.
private final class DirectWork: Sendable {
  private let isTaken: Atomic<Bool>

  /// Where the shared pool has one thread only, there is no place.
  init() { isTaken = Atomic(System.coreCount < 2) }

  func begin() -> Bool { isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged }

  func end() { isTaken.store(false, ordering: .releasing) }
}
