#if Server
  import ArgumentParser
  import Foundation
  import RPCServer
  import TallySchema

  extension SettingsReader {
    func serverConfiguration(_ limits: Limits) throws -> TallyServer.Configuration {
      let host = text("host")
      let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
      if !isLoopback, text("token").isEmpty, try !flag("listen-anywhere") {
        throw ValidationError(
          "'\(host)' isn't the loopback: whoever reaches it could read and write the data folder. "
            + "Set a token (TALLY_TOKEN), or say --listen-anywhere if that is wanted.")
      }
      var configuration = TallyServer.Configuration(
        host: host, port: try integer("port", 0...65_535), allowedHosts: list("allowed-hosts").union([host]),
        worker: try workerConfiguration(limits), limits: limits)
      configuration.allowedOrigins = list("allowed-origins")
      configuration.token = text("token").isEmpty ? nil : Secret(text("token"))
      configuration.tls = try tlsFiles()
      return configuration
    }

    func workerConfiguration(_ limits: Limits) throws -> TallyWorker.Configuration {
      let workers = try integer("workers", 0...1_024)
      let memory = text("memory").isEmpty ? SettingsReader.halfOfMemory : try bytes("memory")
      if memory < limits.memoryBytesLeast {
        throw problem("memory", "must be at least \(limits.memoryBytesLeast) bytes, which one job needs")
      }
      return TallyWorker.Configuration(
        spillFolder: text("state") + "/spill", memoryBytes: memory, jobsAtOnce: workers,
        name: SettingsReader.processName, hasOtherWorkers: try StoreOpener(self).isShared, limits: limits)
    }

    private func tlsFiles() throws -> TallyServer.TLSFiles? {
      let (certificate, key) = (text("tls-certificate"), text("tls-key"))
      guard certificate.isEmpty == key.isEmpty else {
        throw problem(certificate.isEmpty ? "tls-certificate" : "tls-key", "is needed with the other TLS file")
      }
      return certificate.isEmpty ? nil : TallyServer.TLSFiles(certificate: certificate, key: key)
    }

    /// Of this process and no other, also after its number is used again: host, process, and when it began.
    static var processName: String {
      let process = ProcessInfo.processInfo
      return "\(process.hostName)/\(process.processIdentifier)/\(String(Timestamp.now.milliseconds, radix: 36))"
    }
  }
#endif
