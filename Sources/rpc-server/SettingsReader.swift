#if Server
  import ArgumentParser
  import Configuration
  import RPCServer
  import TallySchema
  import SystemPackage

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The server's settings, each from where it stands first: option, environment, file, default.
  struct SettingsReader {
    private var values: [String: (text: String, source: String)] = [:]

    /// - Parameters:
    ///   - options: by the settings' names.
    ///   - file: lines of `TALLY_NAME=value`; nil: `.env`, where there is one.
    /// - Throws: `ValidationError`, which says what to do.
    init(options: [String: String], file: String?) async throws {
      let environment = ConfigReader(provider: EnvironmentVariablesProvider())
      let path = file ?? ".env"
      let lines: ConfigReader
      do {
        lines = ConfigReader(
          provider: try await EnvironmentVariablesProvider(
            environmentFilePath: FilePath(path), allowMissing: file == nil))
      } catch {
        throw ValidationError("The settings file '\(path)' can't be read: \(error).")
      }
      for setting in Setting.all {
        let key = ConfigKey(["tally"] + setting.name.split(separator: "-").map(String.init))
        if let text = options[setting.name] {
          values[setting.name] = (text, "option")
        } else if let text = environment.string(forKey: key) {
          values[setting.name] = (text, "environment")
        } else if let text = lines.string(forKey: key) {
          values[setting.name] = (text, path)
        } else {
          values[setting.name] = (setting.defaultText, "default")
        }
      }
    }

    func text(_ name: String) -> String { values[name]?.text ?? "" }

    func source(_ name: String) -> String { values[name]?.source ?? "default" }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int {
      guard let value = Int(text(name)), range.contains(value) else {
        throw problem(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }

    func flag(_ name: String) throws -> Bool {
      switch text(name).lowercased() {
      case "true", "yes", "1": return true
      case "false", "no", "0", "": return false
      default: throw problem(name, "must be true or false")
      }
    }

    /// Words between commas, in lower case.
    func list(_ name: String) -> Set<String> {
      Set(text(name).lowercased().split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }.map(String.init))
    }

    /// Bytes: a whole number, with or without KiB, MiB, GiB (or K, M, G).
    func bytes(_ name: String) throws -> Int {
      guard let value = ByteCount.parse(text(name)) else {
        throw problem(name, "must be a size such as 512MiB or 2GiB")
      }
      return value
    }

    func limits() throws -> Limits {
      var limits = Limits()
      for setting in Limits.settings {
        let most =
          switch setting.path {
          // Places in a record are 32 bits wide.
          case \.recordBytes, \.fieldBytes: 1 << 30
          case \.jsonDepth: Limits.jsonDepthMost
          default: 1 << 50
          }
        limits[keyPath: setting.path] = try integer(Setting.kebab(setting.name), 1...most)
      }
      return limits
    }

    func problem(_ name: String, _ rule: String) -> ValidationError {
      // A secret is told to nobody, also where it is wrong.
      let isSecret = name == "token" || name == "store"
      return ValidationError(
        "The setting '\(name)' (from: \(source(name))) \(rule)\(isSecret ? "" : ", not '\(Excerpt.of(text(name)))'").")
    }

    /// Bytes of half of the machine's memory.
    static var halfOfMemory: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 2 }
  }
#endif
