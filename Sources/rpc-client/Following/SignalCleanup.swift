#if Server
  import Dispatch

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Removes a file when a signal ends the process, and lets the signal end it.
  final class SignalCleanup: Sendable {
    private static let signals = [SIGHUP, SIGINT, SIGTERM]
    /// Dispatch's sources may be used from any thread; its module only doesn't say so.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    /// - Parameter path: of the file, absolute or as long as the process stays in its folder.
    init(path: String) {
      sources = SignalCleanup.signals.compactMap { number in
        // What the process was started to ignore, as by nohup, stays ignored.
        var before = sigaction()
        sigaction(number, nil, &before)
        if number == SIGHUP, SignalCleanup.isIgnored(before) { return nil }
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
          unlink(path)
          signal(number, SIG_DFL)
          kill(getpid(), number)
        }
        source.resume()
        return source
      }
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
      #if canImport(Glibc)
        let handler = action.__sigaction_handler.sa_handler
      #else
        let handler = action.__sigaction_u.__sa_handler
      #endif
      return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    deinit {
      for source in sources { source.cancel() }
      for number in SignalCleanup.signals { signal(number, SIG_DFL) }
    }
  }
#endif
