#if Server
  import Dispatch
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

    /// A hang-up is ignored; a second SIGTERM or SIGINT ends the process at once. That is safe at any moment, as a crash is.
    init(_ logger: Logger) {
      // A terminal that is closed, and administrators who want the settings to be read again, mustn't end the server.
      signal(SIGHUP, SIG_IGN)
      // A file-size limit is told by the write that meets it, as a full disk is, and doesn't end the process.
      signal(SIGXFSZ, SIG_IGN)
      let count = SignalCount()
      let queue = DispatchQueue(label: "tally.signals")
      sources = [SIGTERM, SIGINT].map { number in
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler {
          guard count.add() > 1 else { return }
          logger.warning(
            "a second signal: the server ends at once; running jobs are taken up again by whoever starts next")
          _exit(128 + number)
        }
        source.resume()
        return source
      }
    }

    deinit { for source in sources { source.cancel() } }
  }

  private final class SignalCount: Sendable {
    private let count = Atomic(0)
    func add() -> Int { count.add(1, ordering: .relaxed).newValue }
  }
#endif
