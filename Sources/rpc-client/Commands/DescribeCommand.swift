#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "describe", abstract: "Tells what an input looks like: how it is written, its columns, first rows.")

    @Argument(help: "A name in the server's data folder.", completion: Completions.inputs) var input: String
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let input = input
      try await global.withClient { client, terminal in
        let found = try await client.call(Jobs.describe, DescribeParameters(input: input))
        if terminal.json { return terminal.print(found.json) }
        DescribeCommand.show(found, terminal)
      }
    }

    private static func show(_ found: InputDescription, _ terminal: Terminal) {
      let compression = found.compression == "none" ? "" : ", \(found.compression)"
      let confidence = found.confidence < 1 ? " (\(Int(found.confidence * 100)) % of the records looked at fit)" : ""
      terminal.printText("\(found.input): \(ByteCount.text(found.bytes))\(compression)")
      terminal.printText("csv: \(found.csv.json.text)\(confidence)\n")
      terminal.print(
        TextTable(
          ["COLUMN", "TYPE", ""],
          found.columns.map { [$0.name, $0.type.rawValue, $0.empty == 0 ? "" : "\($0.empty) empty"] }))
      terminal.printText("\nFirst rows of \(found.rowsSeen) looked at:")
      terminal.print(TextTable(found.columns.map(\.name), Array(found.firstRows.prefix(5))))
    }
  }
#endif
