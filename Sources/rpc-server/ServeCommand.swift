#if Server
  import StorageLocal
  import JobRunner
  import ArgumentParser
  import Foundation
  import JobQueue
  import JobQueueSQLite
  import Logging
  import RPCServer
  import TallySchema
  import ServiceLifecycle
  import UnixSignals

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "serve", abstract: "Serves until it is told to stop (SIGINT, SIGTERM).")

    @OptionGroup var settings: SettingOptions

    func run() async throws {
      let reader = try await settings.read()
      let logger = try ServeCommand.makeLogger(reader)
      let limits = DescriptorLimit.applied(
        to: try reader.limits(), jobsAtOnce: try reader.integer("workers", 0...1_024))
      let configuration = try reader.serverConfiguration(limits)
      do {
        try await serve(configuration, reader, limits, logger)
      } catch let error as ValidationError {
        throw error
      } catch {
        throw ValidationError.stopping(ServeCommand.explain(error, configuration))
      }
    }

    private func serve(
      _ configuration: TallyServer.Configuration, _ reader: SettingsReader, _ limits: Limits, _ logger: Logger
    ) async throws {
      let plan = ShutdownPlan(totalMilliseconds: limits.drainMilliseconds)
      let signals = StopSignals(plan, logger)
      defer { withExtendedLifetime(signals) {} }
      let opened = try await OpenedStore(
        reader, configuration.worker, purpose: "rpc-server on \(configuration.host):\(configuration.port)", logger)
      var configuration = configuration
      configuration.worker.resultMode = opened.resultMode
      let server = TallyServer(configuration, store: opened.store, storage: opened.folder, logger: logger) {
        [configuration] port in
        logger.notice(
          "listening on http\(configuration.tls == nil ? "" : "s")://\(configuration.host):\(port)",
          metadata: [
            "data": "\(opened.folder.path)", "store": "\(opened.shown)",
            "memory": "\(ByteCount.text(configuration.worker.memoryBytes))",
            "workers": "\(configuration.worker.jobsAtOnce)",
          ])
      }
      signals.serviceStarts()
      try await ServeCommand.run(server, plan, logger)
      try await opened.store.close()
      logger.notice("stopped")
    }

    /// Runs a service until SIGTERM or SIGINT.
    static func run(_ service: some Service, _ plan: ShutdownPlan, _ logger: Logger) async throws {
      var services = ServiceGroupConfiguration(
        services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
      services.maximumGracefulShutdownDuration = .milliseconds(plan.callsMilliseconds)
      try await ServiceGroup(configuration: services).run()
    }

    static func makeLogger(_ reader: SettingsReader) throws -> Logger {
      guard let level = Logger.Level(rawValue: reader.text("log-level")) else {
        throw reader.problem("log-level", "must be trace, debug, info, notice, warning, error or critical")
      }
      LoggingSystem.bootstrap { EscapingLogHandler(StreamLogHandler.standardError(label: $0)) }
      var logger = Logger(label: "tally")
      logger.logLevel = level
      return logger
    }

    /// What went wrong at the start, and what to do.
    static func explain(_ error: any Error, _ configuration: TallyServer.Configuration) -> String {
      switch TallyServer.systemErrorNumber(of: error) {
      case EADDRINUSE:
        return "Port \(configuration.port) on \(configuration.host) is taken by another program. "
          + "Stop that one, or choose another with --port."
      case EACCES:
        return
          "The server's user may not listen on \(configuration.host):\(configuration.port). Choose a port from 1024 on with "
          + "--port, or give the program the right (CAP_NET_BIND_SERVICE)."
      case EADDRNOTAVAIL:
        return "\(configuration.host) is no address of this machine. Choose another with --host."
      default: return "\(error)."
      }
    }
  }

  extension ValidationError {
    /// A failure that is no fault of the command line: said on standard error, exit code 1.
    static func stopping(_ message: String) -> any Error {
      FileHandle.standardError.write(Data("rpc-server: \(message)\n".utf8))
      return ExitCode(1)
    }
  }
#endif
