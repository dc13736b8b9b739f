#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct DiscoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "discover", abstract: "Lists the server's methods; with --json, its OpenRPC document.")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await global.withClient { client, terminal in
        let document = try await client.call(SystemMethods.discover, NoParameters())
        if terminal.json { return terminal.print(document) }
        let rows = (document["methods"]?.array ?? []).map { method in
          let parameters = (method["params"]?.array ?? []).map { parameter in
            let name = parameter["name"]?.string ?? ""
            return parameter["required"] == .bool(true) ? name : "[\(name)]"
          }
          return [method["name"]?.string ?? "", parameters.joined(separator: " "), method["summary"]?.string ?? ""]
        }
        for row in rows {
          terminal.printText(row[0] + (row[1].isEmpty ? "" : " \(row[1])"), .bold)
          terminal.printText("    \(row[2])")
        }
      }
    }
  }

  struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "stats", abstract: "Tells how the server is: uptime, calls, latencies, queue, streams, memory.")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await global.withClient { client, terminal in
        let stats = try await client.call(SystemMethods.stats, NoParameters())
        if terminal.json { return terminal.print(stats) }
        terminal.print(TextTable(["", ""], StatsCommand.rows(stats, path: ""), hasHeader: false))
      }
    }

    /// Every value under the path that leads to it.
    static func rows(_ json: JSONValue, path: String) -> [[String]] {
      guard case .object(let members) = json else { return [[path, json.string ?? json.text]] }
      return members.flatMap { rows($0.value, path: path.isEmpty ? $0.name : "\(path).\($0.name)") }
    }
  }
#endif
