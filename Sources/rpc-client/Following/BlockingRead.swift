#if Server
  import Dispatch
  import Synchronization

  /// Reads of files and pipes of this machine, which may take long: off Swift's shared threads, on which interrupts and time-outs
  /// are waited for. Who is cancelled goes on at once, whatever the system does.
  enum BlockingRead {
    private static let queue = DispatchQueue(label: "reads", attributes: .concurrent)

    /// - Parameter body: is given a mark that says whether its result is still wanted.
    static func run<Value: Sendable>(
      _ body: @escaping @Sendable (CancellationMark) throws -> Value
    ) async throws -> Value {
      let mark = CancellationMark()
      let answer = Mutex<CheckedContinuation<Value, any Error>?>(nil)
      let take = { @Sendable in answer.withLock { $0.take() } }
      return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
          answer.withLock { $0 = continuation }
          if mark.isSet { take()?.resume(throwing: CancellationError()) }
          queue.async {
            let result = Result { try body(mark) }
            take()?.resume(with: result)
          }
        }
      } onCancel: {
        mark.set()
        take()?.resume(throwing: CancellationError())
      }
    }
  }

  /// Whether the result of some work isn't wanted any more.
  final class CancellationMark: Sendable {
    private let mark = Atomic(false)

    var isSet: Bool { mark.load(ordering: .acquiring) }

    func set() { mark.store(true, ordering: .releasing) }
  }
#endif
