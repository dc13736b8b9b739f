import NIOCore
import Processor
import Synchronization
import TallySchema

/// Work on files: on a few threads of its own, so that a disk that doesn't answer holds up nobody else.
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

  /// Runs a body. When the task is cancelled, its caller goes on at once: the body is asked to end, and a disk that doesn't
  /// answer keeps it, not the caller.
  ///
  /// - Parameter body: changes nothing, and asks its interruption at least every 50 ms.
  /// - Throws: what the body throws; `CancellationError` when the task was cancelled.
  func run<Value: Sendable>(_ body: @escaping @Sendable (Interruption) throws -> Value) async throws -> Value {
    let interruption = Interruption()
    let answer = FirstAnswer<Value>()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        answer.wait(continuation)
        threads.submit { isActive in
          if !isActive || interruption.isSet { return answer.give(.failure(CancellationError())) }
          answer.give(Result { try body(interruption) })
        }
      }
    } onCancel: {
      interruption.set()
      answer.give(.failure(CancellationError()))
    }
  }

  /// Runs a task with waits of its own: between them it has one of the threads. It is never cut short but by its own looks at
  /// whether its task is cancelled.
  ///
  /// - Throws: what the body throws.
  func runTask<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
    try await withTaskExecutorPreference(threads) { try await body() }
  }

  /// - Returns: nil when it took longer.
  func run<Value: Sendable>(
    atMostMilliseconds: Int, _ body: @escaping @Sendable (Interruption) throws -> Value
  ) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      defer { group.cancelAll() }
      group.addTask { try await run(body) }
      group.addTask {
        try await Task.sleep(for: .milliseconds(atMostMilliseconds))
        return nil
      }
      return try await group.next() ?? nil
    }
  }
}

/// Takes the first answer that is given to one who waits.
private final class FirstAnswer<Value: Sendable>: Sendable {
  private enum State {
    case open
    case waiting(CheckedContinuation<Value, any Error>)
    /// Given before anybody waited.
    case given(Result<Value, any Error>)
    case over
  }
  private let state = Mutex(State.open)

  func wait(_ continuation: CheckedContinuation<Value, any Error>) {
    let given: Result<Value, any Error>? = state.withLock { state in
      if case .given(let result) = state {
        state = .over
        return result
      }
      state = .waiting(continuation)
      return nil
    }
    if let given { continuation.resume(with: given) }
  }

  func give(_ result: Result<Value, any Error>) {
    let waiting: CheckedContinuation<Value, any Error>? = state.withLock { state in
      switch state {
      case .open:
        state = .given(result)
        return nil
      case .waiting(let continuation):
        state = .over
        return continuation
      case .given, .over: return nil
      }
    }
    waiting?.resume(with: result)
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
