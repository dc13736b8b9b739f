import NIOPosix

/// Threads of their own for tasks that work on files: a disk or a network file system that doesn't answer blocks these, and
/// not Swift's shared pool, on which every call is answered (SE-0417).
final class FileThreads: TaskExecutor {
  private let pool: NIOThreadPool

  /// - Parameter count: tasks that work at the same time; others wait.
  init(_ count: Int) {
    pool = NIOThreadPool(numberOfThreads: count)
    pool.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // Also after the end of the threads: a task that is left must go on to its own end.
    pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }

  /// Runs a body without waits on one of the threads.
  ///
  /// - Parameter body: false: the threads have ended.
  func submit(_ body: @escaping @Sendable (_ isActive: Bool) -> Void) { pool.submit { body($0 == .active) } }

  /// Ends the threads when what they do is done.
  func shutDown() async { try? await pool.shutdownGracefully() }
}
