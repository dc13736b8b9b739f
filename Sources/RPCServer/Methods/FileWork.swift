import Processor
import TallySchema

/// Work on files that may take long, such as a walk through a folder: on a few threads of its own, so that calls stay quick,
/// and ended when its task is.
struct FileWork: Sendable {
  private let threads: FileThreads

  /// - Parameter threads: works that run at the same time; others wait.
  init(threads: Int = 4) { self.threads = FileThreads(threads) }

  /// Ends the threads when what they do is done.
  func shutDown() async { await threads.shutDown() }

  /// The same for work that also waits, such as for a lock or the store.
  func runWaiting<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
    try await withTaskExecutorPreference(threads, operation: body)
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
}
