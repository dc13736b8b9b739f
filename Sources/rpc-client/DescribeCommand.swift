#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "describe", abstract: "Tells what an input looks like: how it is written, its columns, first rows.")

    @Argument(help: "A name in the server's data folder.") var input: String
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let input = input
      try await global.withClient { client, terminal in
        let found = try await client.call(Jobs.describe, DescribeParameters(input: input))
        if terminal.json { return terminal.print(found.json) }
        for line in DescribeCommand.text(found) { terminal.print(line) }
      }
    }

    static func text(_ found: InputDescription) -> [String] {
      let compression = found.compression == "none" ? "" : ", \(found.compression)"
      let confidence = found.confidence < 1 ? " (\(Int(found.confidence * 100)) % of the records looked at fit)" : ""
      let columns = found.columns.map { [$0.name, $0.type.rawValue, $0.empty == 0 ? "" : "\($0.empty) empty"] }
      let rows = found.firstRows.prefix(5).map { $0 }
      return [
        "\(found.input): \(ByteCount.text(found.bytes))\(compression)", "csv: \(found.csv.json.text)\(confidence)", "",
      ] + TextTable.lines([["COLUMN", "TYPE", ""]] + columns) + ["", "First rows of \(found.rowsSeen) looked at:"]
        + TextTable.lines([found.columns.map(\.name)] + rows)
    }
  }
#endif
