import NIOPosix
import Processor
import TallySchema

/// Work on files that may take long, such as a walk through a folder: on a few threads of its own, so that calls stay quick,
/// and ended when its task is.
struct FileWork: Sendable {
  private let pool: NIOThreadPool

  /// - Parameter threads: works that run at the same time; others wait.
  init(threads: Int = 4) {
    pool = NIOThreadPool(numberOfThreads: threads)
    pool.start()
  }

  /// Ends the threads when what they do is done.
  func shutDown() async { try? await pool.shutdownGracefully() }

  /// - Parameter body: asks its interruption at least every 50 ms.
  /// - Throws: what the body throws; `CancellationError` when the task was cancelled.
  func run<Value: Sendable>(_ body: @escaping @Sendable (Interruption) throws -> Value) async throws -> Value {
    let interruption = Interruption()
    do {
      return try await withTaskCancellationHandler {
        try await pool.runIfActive { try body(interruption) }
      } onCancel: {
        interruption.set()
      }
    } catch {
      throw interruption.isSet ? CancellationError() : error
    }
  }
}
