#if Server
  import Dispatch

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The process's SIGINTs, as they come: the first, and whether there is a second.
  final class Interrupts: Sendable {
    let signals: AsyncStream<Void>
    let second = Second()
    /// Dispatch's sources may be used from any thread; its module only doesn't say so.
    private nonisolated(unsafe) let source: any DispatchSourceSignal

    /// Whether a second interrupt has come; waits for it.
    actor Second {
      private var count = 0
      private var waiting: CheckedContinuation<Bool, Never>?

      func add() {
        count += 1
        if count > 1 { waiting.take()?.resume(returning: true) }
      }

      func next() async -> Bool {
        if count > 1 { return true }
        return await withTaskCancellationHandler {
          await withCheckedContinuation { continuation in
            if Task.isCancelled { continuation.resume(returning: false) } else { waiting = continuation }
          }
        } onCancel: {
          Task { await self.giveUp() }
        }
      }

      private func giveUp() { waiting.take()?.resume(returning: false) }
    }

    init() {
      let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
      signals = stream
      signal(SIGINT, SIG_IGN)
      source = DispatchSource.makeSignalSource(signal: SIGINT)
      source.setEventHandler { [second] in
        continuation.yield()
        Task { await second.add() }
      }
      source.resume()
    }

    deinit {
      source.cancel()
      signal(SIGINT, SIG_DFL)
    }
  }
#endif
