#if Server
  import JobRunner
  import Dispatch
  import JobQueue
  import Logging
  import Synchronization

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// What a server does with signals besides its orderly stop.
  final class StopSignals: Sendable {
    /// Dispatch's sources may be used from any thread; its module only doesn't say so.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    private let stop = Stop()

    /// A hang-up is ignored; a second SIGTERM or SIGINT ends the process at once, and so does the first before there is a service
    /// to be stopped. That is safe at any moment, as a crash is. A process that an unavailable store or disk keeps from
    /// stopping in order ends when the plan's time is over, with exit code 1.
    init(_ plan: ShutdownPlan, _ logger: Logger) {
      // A terminal that is closed, and administrators who want the settings to be read again, mustn't end the server.
      signal(SIGHUP, SIG_IGN)
      // A file-size limit is told by the write that meets it, as a full disk is, and doesn't end the process.
      signal(SIGXFSZ, SIG_IGN)
      let queue = DispatchQueue(label: "tally.signals")
      sources = [SIGTERM, SIGINT].map { [stop] number in
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler {
          guard stop.endsAtOnce() else { return StopSignals.endInTime(plan, logger) }
          logger.warning(
            "the process ends at once; running jobs are taken up again by whoever starts next")
          _exit(128 + number)
        }
        source.resume()
        return source
      }
    }

    /// Nothing that may block stands between the last timer and the process's end: not even a log that nobody reads.
    private static func endInTime(_ plan: ShutdownPlan, _ logger: Logger) {
      let total = max(plan.totalMilliseconds, logMilliseconds)
      let signal = DispatchTime.now()
      DispatchQueue(label: "tally.stop.log").asyncAfter(deadline: signal + .milliseconds(total - logMilliseconds)) {
        logger.warning(
          "the process ends although not everything has stopped; jobs that weren't given back are left to their leases",
          metadata: ["drainMilliseconds": "\(plan.totalMilliseconds)"])
      }
      DispatchQueue(label: "tally.stop").asyncAfter(deadline: signal + .milliseconds(total)) { _exit(1) }
    }

    /// Before the end of the process, the time in which its last line is logged.
    private static let logMilliseconds = 100

    /// From now on a first signal is the service's, which stops in order.
    func serviceStarts() { stop.serviceStarts() }

    deinit { for source in sources { source.cancel() } }
  }

  /// Whether a signal is the one that ends the process.
  private final class Stop: Sendable {
    /// One stop may come twice: from a terminal and from a program that passes its signals on.
    private static let repetition = Duration.milliseconds(100)

    private struct State {
      var hasService = false
      var first: ContinuousClock.Instant?
    }
    private let state = Mutex(State())

    func serviceStarts() { state.withLock { $0.hasService = true } }

    func endsAtOnce() -> Bool {
      state.withLock { state in
        guard state.hasService else { return true }
        guard let first = state.first else {
          state.first = .now
          return false
        }
        return .now - first > Stop.repetition
      }
    }
  }
#endif
