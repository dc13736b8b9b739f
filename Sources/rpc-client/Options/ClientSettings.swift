#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The client's settings, each from where it stands first: option, environment, file, default.
  ///
  /// The file is `client.env` in `$XDG_CONFIG_HOME/tally` or `~/.config/tally`, or what `TALLY_CONFIG` names: lines of
  /// `TALLY_NAME=value`, as the server's. It is read by hand, in microseconds: a command that asks for one status shouldn't wait
  /// for a library that can do more.
  struct ClientSettings: Sendable {
    enum Name: String, CaseIterable, Sendable {
      case server, token, timeout, retry, color, json, quiet, proxy, netrc, netrcFile = "netrc-file"
      case authorities = "cacert"
      case certificate = "cert"
      case certificateKey = "cert-key"
      case pinnedKey = "pinned-key"

      var variable: String {
        String(
          decoding: "TALLY_".utf8 + rawValue.uppercased().utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 },
          as: UTF8.self)
      }
    }

    private var options: [Name: String]
    private let file: [String: String]
    private let filePath: String?

    init(options: [Name: String] = [:]) throws {
      self.options = options
      let named = ClientSettings.environment("TALLY_CONFIG")
      filePath = named ?? ClientSettings.standardPath
      guard let filePath else {
        file = [:]
        return
      }
      do {
        guard let text = try ClientSettings.contents(of: filePath) else {
          if named != nil { throw ValidationError("There is no settings file '\(filePath)' (TALLY_CONFIG).") }
          file = [:]
          return
        }
        file = try ClientSettings.values(text, path: filePath)
      }
    }

    subscript(_ name: Name) -> String? {
      if let text = options[name] { return text }
      let variable = name.variable
      if let text = ClientSettings.environment(variable), !text.isEmpty { return text }
      if let text = file[variable], !text.isEmpty { return text }
      return nil
    }

    func flag(_ name: Name) throws -> Bool {
      switch self[name]?.lowercased() {
      case "true", "yes", "1": return true
      case "false", "no", "0", nil: return false
      default: throw problem(name, "must be true or false")
      }
    }

    func flagOrNil(_ name: Name) -> Bool? { try? flag(name) }

    /// Where a setting stands, for messages.
    func problem(_ name: Name, _ rule: String) -> ValidationError {
      let place =
        options[name] != nil
        ? "--\(name.rawValue)"
        : ClientSettings.environment(name.variable) != nil ? name.variable : "\(name.variable) in '\(filePath ?? "")'"
      return ValidationError("\(place) \(rule), not '\(self[name] ?? "")'.")
    }

    /// Milliseconds; nil: none was given.
    func timeoutMilliseconds() throws -> Int? {
      guard let text = self[.timeout] else { return nil }
      guard let milliseconds = ClientSettings.milliseconds(text) else {
        throw problem(.timeout, "takes a duration such as 500ms, 30s or 5m")
      }
      return milliseconds
    }

    static func milliseconds(_ text: String) -> Int? {
      let units: [(String, Int)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("", 1_000)]
      guard let unit = units.first(where: { text.hasSuffix($0.0) }),
        let value = Double(text.dropLast(unit.0.count)), value > 0, value < 1e9
      else { return nil }
      return max(1, Int(value * Double(unit.1)))
    }

    /// - Throws: `ValidationError` with the line, for what is no line of `NAME=value`.
    static func values(_ text: String, path: String) throws -> [String: String] {
      var values: [String: String] = [:]
      for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
        let line = trimmed(line)
        if line.isEmpty || line.hasPrefix("#") { continue }
        guard let equals = line.firstIndex(of: "=") else {
          throw ValidationError("\(path), line \(index + 1): '\(line)' is no setting; they are written NAME=value.")
        }
        let name = trimmed(line[..<equals])
        guard Name.allCases.contains(where: { $0.variable == name }) else {
          let meant = Suggestion.nearest(to: name, among: Name.allCases.map(\.variable)).map { " Did you mean \($0)?" }
          throw ValidationError("\(path), line \(index + 1): there is no setting '\(name)'.\(meant ?? "")")
        }
        var value = trimmed(line[line.index(after: equals)...])
        for quote in ["\"", "'"] where value.count >= 2 && value.hasPrefix(quote) && value.hasSuffix(quote) {
          value = String(value.dropFirst().dropLast())
        }
        values[name] = value
      }
      return values
    }

    /// By bytes: by characters it would take half a millisecond of each program's start.
    static func trimmed(_ text: Substring) -> String {
      func isBlank(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
      var bytes = text.utf8
      while isBlank(bytes.first) { bytes.removeFirst() }
      while isBlank(bytes.last) { bytes.removeLast() }
      return String(Substring(bytes))
    }

    static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static var standardPath: String? {
      if let folder = environment("XDG_CONFIG_HOME"), folder.hasPrefix("/") { return folder + "/tally/client.env" }
      return environment("HOME").map { $0 + "/.config/tally/client.env" }
    }

    /// Nil: there is no such file.
    private static func contents(of path: String) throws -> String? {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw ValidationError("The settings file '\(path)' can't be read: \(String(cString: strerror(errno))).")
      }
      defer { close(descriptor) }
      var bytes = [UInt8](repeating: 0, count: 65_537)
      let count = read(descriptor, &bytes, bytes.count)
      guard count >= 0, count <= 65_536 else {
        throw ValidationError("The settings file '\(path)' can't be read, or has more than 65,536 bytes.")
      }
      return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
  }
#endif
