#if Server
  import ArgumentParser

  struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "config", abstract: "Prints every setting, its value, and where the value comes from.")

    @Flag(help: "Print the defaults, as a settings file.") var example = false
    @OptionGroup var settings: SettingOptions

    func run() async throws {
      if example {
        print("# Tally's settings and their defaults. An option goes before the environment, that before this file.")
        for setting in Setting.all { print("\n# \(setting.summary)\n#\(setting.variable)=\(setting.defaultText)") }
        return
      }
      let reader = try await settings.read()
      for setting in Setting.all {
        // A secret is no one's business who looks over a shoulder.
        let text = reader.text(setting.name)
        let value =
          switch setting.name {
          case "token" where !text.isEmpty: "…"
          case "store" where !text.isEmpty: try StoreOpener(reader).shown
          default: text
          }
        print("\(setting.variable)=\(value)  # \(reader.source(setting.name)): \(setting.summary)")
      }
    }
  }
#endif
