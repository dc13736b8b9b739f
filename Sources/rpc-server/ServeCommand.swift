#if Server
  import ArgumentParser
  import Foundation
  import JobQueue
  import JobQueueSQLite
  import Logging
  import RPCServer
  import Schema
  import ServiceLifecycle
  import UnixSignals

  struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "serve", abstract: "Serves until it is told to stop (SIGINT, SIGTERM).")

    @OptionGroup var settings: SettingOptions

    func run() async throws {
      let reader = try await settings.read()
      let logger = try makeLogger(reader)
      let limits = DescriptorLimit.applied(to: try reader.limits())
      let configuration = try makeConfiguration(reader, limits)
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
      let state = reader.text("state")
      try FileManager.default.createDirectory(atPath: configuration.spillFolder, withIntermediateDirectories: true)
      try FileManager.default.createDirectory(atPath: reader.text("data"), withIntermediateDirectories: true)
      let owner =
        "process \(ProcessInfo.processInfo.processIdentifier) (rpc-server on \(configuration.host):\(configuration.port))"
      let store = try SQLiteJobStore(path: try storePath(reader, state: state), owner: owner, limits: limits)
      let folder = try DataFolder(path: reader.text("data"), storeUUID: store.uuid)
      let server = TallyServer(configuration, store: store, folder: folder, logger: logger) { port in
        logger.notice(
          "listening on http\(configuration.tls == nil ? "" : "s")://\(configuration.host):\(port)",
          metadata: [
            "data": "\(folder.path)", "state": "\(state)", "memory": "\(ByteCount.text(configuration.memoryBytes))",
          ])
      }
      var services = ServiceGroupConfiguration(
        services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
      services.maximumGracefulShutdownDuration = .milliseconds(limits.drainMilliseconds)
      try await ServiceGroup(configuration: services).run()
      try store.close()
      logger.notice("stopped")
    }

    private func makeConfiguration(_ reader: SettingsReader, _ limits: Limits) throws -> TallyServer.Configuration {
      let host = reader.text("host")
      let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
      if !isLoopback, reader.text("token").isEmpty, try !reader.flag("listen-anywhere") {
        throw ValidationError(
          "'\(host)' isn't the loopback: whoever reaches it could read and write the data folder. "
            + "Set a token (TALLY_TOKEN), or say --listen-anywhere if that is wanted.")
      }
      let memory = reader.text("memory").isEmpty ? SettingsReader.halfOfMemory : try reader.bytes("memory")
      if memory < limits.memoryBytesLeast {
        throw reader.problem("memory", "must be at least \(limits.memoryBytesLeast) bytes, which one job needs")
      }
      var configuration = TallyServer.Configuration(
        host: host, port: try reader.integer("port", 0...65_535),
        allowedHosts: reader.list("allowed-hosts").union([host]),
        spillFolder: reader.text("state") + "/spill", memoryBytes: memory,
        jobsAtOnce: try reader.integer("workers", 1...1_024), limits: limits)
      configuration.allowedOrigins = reader.list("allowed-origins")
      configuration.token = reader.text("token")
      configuration.tls = try tlsFiles(reader)
      return configuration
    }

    private func tlsFiles(_ reader: SettingsReader) throws -> TallyServer.TLSFiles? {
      let (certificate, key) = (reader.text("tls-certificate"), reader.text("tls-key"))
      guard certificate.isEmpty == key.isEmpty else {
        throw reader.problem(certificate.isEmpty ? "tls-certificate" : "tls-key", "is needed with the other TLS file")
      }
      return certificate.isEmpty ? nil : TallyServer.TLSFiles(certificate: certificate, key: key)
    }

    private func storePath(_ reader: SettingsReader, state: String) throws -> String {
      let store = reader.text("store")
      if store.isEmpty { return state + "/tally.sqlite" }
      guard store.hasPrefix("sqlite:"), store.count > 7 else {
        throw reader.problem("store", "must be sqlite:PATH in this version")
      }
      return String(store.dropFirst(7))
    }

    private func makeLogger(_ reader: SettingsReader) throws -> Logger {
      guard let level = Logger.Level(rawValue: reader.text("log-level")) else {
        throw reader.problem("log-level", "must be trace, debug, info, notice, warning, error or critical")
      }
      LoggingSystem.bootstrap(StreamLogHandler.standardError)
      var logger = Logger(label: "tally")
      logger.logLevel = level
      return logger
    }

    /// What went wrong at the start, and what to do.
    static func explain(_ error: any Error, _ configuration: TallyServer.Configuration) -> String {
      let text = "\(error)"
      if text.contains("EADDRINUSE") || text.contains("Address already in use") {
        return "Port \(configuration.port) on \(configuration.host) is taken by another program. "
          + "Stop that one, or choose another with --port."
      }
      if text.contains("EACCES") || text.contains("Permission denied") {
        return "The server may not use \(configuration.host):\(configuration.port) or its folders: \(text)."
      }
      return text
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
