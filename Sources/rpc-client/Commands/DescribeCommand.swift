#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct DescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "describe", abstract: "Tells what an input looks like: how it is written, its columns, first rows.",
      discussion: "What isn't told by options is looked for in the file. The last line has the options for run.")

    @Argument(help: "A name in the server's data folder.", completion: Completions.inputs) var input: String
    @OptionGroup(title: "How the file is written") var dialect: DialectOptions
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let input = input
      let members = dialect.members
      let csv: CSVDialect?
      do {
        csv = members.isEmpty ? nil : try CSVDialect(json: .object(members))
      } catch let error as JSONFieldError {
        throw ValidationError(OptionNames.sentence(error.within("csv")))
      }
      try await global.withClient { client, terminal in
        let found: InputDescription
        do {
          found = try await client.call(Jobs.describe, DescribeParameters(input: input, csv: csv))
        } catch RPCClientError.remote(let error) {
          throw RPCClientError.remote(OptionNames.translated(error))
        }
        if terminal.json { return terminal.print(found.json) }
        DescribeCommand.show(found, terminal)
      }
    }

    private static func show(_ found: InputDescription, _ terminal: Terminal) {
      let compression = found.compression == "none" ? "" : ", \(found.compression)"
      terminal.printText("\(found.input): \(ByteCount.text(found.bytes))\(compression)")
      if found.confidence < 1 {
        // The number is the server's.
        let percent = Int((max(0, min(1, found.confidence)) * 100).rounded(.down))
        terminal.printText("\(percent) % of the records looked at fit the way in which it seems to be written.")
      }
      terminal.print("")
      terminal.print(TextTable(["", ""], DialectText.rows(found.csv), hasHeader: false))
      terminal.print("")
      terminal.print(
        TextTable(
          ["COLUMN", "TYPE", ""],
          found.columns.map { [$0.name, $0.type.rawValue, $0.empty == 0 ? "" : "\($0.empty.grouped) empty"] }))
      terminal.printText("\nFirst rows of \(found.rowsSeen.grouped) looked at:")
      terminal.print(TextTable(found.columns.map(\.name), Array(found.firstRows.prefix(5))))
      let options = DialectText.options(found.csv)
      if !options.isEmpty { terminal.printText("\nOptions: \(options)") }
    }
  }
#endif
