#if Server
  import ArgumentParser

  @main
  struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rpc-server", abstract: "Takes CSV aggregation jobs over JSON-RPC 2.0 on HTTP, and does them.",
      subcommands: [ServeCommand.self, WorkerCommand.self, ConfigCommand.self, DoctorCommand.self, BackupCommand.self],
      defaultSubcommand: ServeCommand.self)
  }

  /// The options that stand for settings. Each is an environment variable as well: `--data` is `TALLY_DATA`.
  struct SettingOptions: ParsableArguments {
    @Option(help: "Address to listen on (TALLY_HOST).") var host: String?
    @Option(help: "Port to listen on (TALLY_PORT).") var port: String?
    @Option(help: "Folder of inputs and outputs (TALLY_DATA).") var data: String?
    @Option(help: "Folder of the job store and of spilled data (TALLY_STATE).") var state: String?
    @Option(help: "Job store: sqlite:PATH or postgres://USER@HOST/DATABASE (TALLY_STORE).") var store: String?
    @Option(help: "Jobs that run at the same time; 0: other processes do them (TALLY_WORKERS).") var workers: String?
    @Option(help: "Bytes that running jobs share, such as 2GiB (TALLY_MEMORY).") var memory: String?
    @Option(help: "Host names by which browsers may call the server (TALLY_ALLOWED_HOSTS).") var allowedHosts: String?
    @Option(help: "Origins of other sites' pages that may call the server (TALLY_ALLOWED_ORIGINS).")
    var allowedOrigins: String?
    @Option(help: "The token that every call must carry (better: TALLY_TOKEN, which no process list shows).")
    var token: String?
    @Option(help: "PEM file with the certificate chain (TALLY_TLS_CERTIFICATE).") var tlsCertificate: String?
    @Option(help: "PEM file with the certificate's key (TALLY_TLS_KEY).") var tlsKey: String?
    @Flag(help: "Listen on other addresses than the loopback, where everyone may call.") var listenAnywhere = false
    @Option(help: "trace, debug, info, notice, warning, error, critical (TALLY_LOG_LEVEL).") var logLevel: String?
    @Option(
      help: ArgumentHelp(
        "Changes one of the limits, such as connections=500; `rpc-server config` lists them.", valueName: "name=value"))
    var limit: [String] = []
    @Option(help: "File of TALLY_NAME=value lines; .env where there is one.") var configFile: String?

    func read() async throws -> SettingsReader {
      var options: [String: String] = [:]
      for (name, value) in [
        ("host", host), ("port", port), ("data", data), ("state", state), ("store", store), ("workers", workers),
        ("memory", memory), ("allowed-hosts", allowedHosts), ("log-level", logLevel),
        ("allowed-origins", allowedOrigins), ("token", token),
        ("tls-certificate", tlsCertificate), ("tls-key", tlsKey),
      ] {
        options[name] = value
      }
      if listenAnywhere { options["listen-anywhere"] = "true" }
      for text in limit {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        let name = Setting.kebab(parts.first ?? "")
        guard parts.count == 2, Setting.all.contains(where: { $0.name == name }) else {
          throw ValidationError("--limit takes NAME=VALUE with a name of `rpc-server config`, not '\(text)'.")
        }
        options[name] = parts[1]
      }
      return try await SettingsReader(options: options, file: configFile)
    }
  }
#else
  @main
  struct ServerCommand {
    static func main() { print("rpc-server was built without the package's trait Server, which it needs.") }
  }
#endif
