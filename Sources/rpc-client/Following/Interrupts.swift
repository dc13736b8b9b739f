#if Server
  import Dispatch
  import Synchronization

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The process's SIGINTs while this is there: whoever waits for one decides what it means. Where nobody waits, it ends the
  /// process, as it does without this.
  final class Interrupts: Sendable {
    private struct Waiting {
      var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
      var nextNumber = 0
    }

    private let waiting = Mutex(Waiting())
    /// Dispatch's sources may be used from any thread; its module only doesn't say so.
    private nonisolated(unsafe) let source: any DispatchSourceSignal

    init() {
      signal(SIGINT, SIG_IGN)
      source = DispatchSource.makeSignalSource(signal: SIGINT)
      source.setEventHandler { [weak self] in self?.come() }
      source.resume()
    }

    deinit {
      source.cancel()
      signal(SIGINT, SIG_DFL)
    }

    /// Waits for the next one.
    ///
    /// - Returns: false when the task was cancelled before.
    @discardableResult
    func first() async -> Bool {
      let number = waiting.withLock { waiting in
        waiting.nextNumber += 1
        return waiting.nextNumber
      }
      return await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          waiting.withLock { $0.waiters[number] = continuation }
          // The handler may have run before there was anything to give up.
          if Task.isCancelled { giveUp(number) }
        }
      } onCancel: {
        giveUp(number)
      }
    }

    private func giveUp(_ number: Int) {
      waiting.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: false)
    }

    private func come() {
      let waiters = waiting.withLock { waiting in
        defer { waiting.waiters = [:] }
        return waiting.waiters
      }
      if waiters.isEmpty { _exit(130) }
      for waiter in waiters.values { waiter.resume(returning: true) }
    }
  }
#endif
