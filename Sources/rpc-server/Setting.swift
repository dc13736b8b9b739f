#if Server
  import TallySchema

  /// One setting of the server: an option, an environment variable and a line of a file, all of one name.
  struct Setting {
    /// As the option is called: `data` is `--data` and `TALLY_DATA`.
    var name: String
    var defaultText: String
    var summary: String

    var variable: String { "TALLY_" + name.uppercased().replacing("-", with: "_") }

    /// All of them; the limits come last.
    static let all: [Setting] =
      [
        Setting(
          name: "host", defaultText: "127.0.0.1",
          summary: "the address to listen on; others than the loopback need --listen-anywhere"),
        Setting(name: "port", defaultText: "8000", summary: "the port to listen on; 0: any that is free"),
        Setting(name: "data", defaultText: "var/data", summary: "the folder of inputs and outputs"),
        Setting(name: "state", defaultText: "var/state", summary: "the folder of the job store and of spilled data"),
        Setting(
          name: "store", defaultText: "",
          summary:
            "the job store, sqlite:PATH or postgres://USER@HOST/DATABASE; empty: tally.sqlite in the state folder"),
        Setting(
          name: "workers", defaultText: "2", summary: "jobs that run at the same time; 0: other processes do them"),
        Setting(
          name: "memory", defaultText: "",
          summary: "bytes that running jobs share, such as 2GiB; empty: half of the machine's"),
        Setting(
          name: "allowed-hosts", defaultText: "",
          summary: "host names, comma-separated, by which browsers may call the server; * for any"),
        Setting(
          name: "allowed-origins", defaultText: "",
          summary: "origins, comma-separated, of other sites' pages that may call the server"),
        Setting(name: "token", defaultText: "", summary: "the token that every call must carry; empty: none"),
        Setting(
          name: "tls-certificate", defaultText: "", summary: "a PEM file with the certificate chain; empty: no TLS"),
        Setting(name: "tls-key", defaultText: "", summary: "a PEM file with the certificate's key"),
        Setting(
          name: "listen-anywhere", defaultText: "false",
          summary: "true: listen on other addresses than the loopback without a token, where everyone may call"),
        Setting(
          name: "log-level", defaultText: "info", summary: "trace, debug, info, notice, warning, error or critical"),
      ]
      + Limits.settings.map {
        Setting(name: kebab($0.name), defaultText: String(Limits.standard[keyPath: $0.path]), summary: $0.summary)
      }

    /// `requestBodyBytes` → `request-body-bytes`.
    static func kebab(_ name: String) -> String {
      name.reduce(into: "") { text, character in
        text += character.isUppercase ? "-" + character.lowercased() : String(character)
      }
    }
  }
#endif
