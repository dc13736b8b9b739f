#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct InputsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "inputs", abstract: "Lists the files of the server's data folder, by name.")

    @Argument(help: "Only names that begin so.", completion: Completions.inputs) var prefix: String = ""
    @Option(
      name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional, help: "How many, at the most.")
    var limit = 1_000
    @Flag(help: "Print no line with the columns' names.") var noHeaders = false
    @OptionGroup var global: GlobalOptions

    mutating func validate() throws {
      if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit).") }
    }

    func run() async throws {
      let (prefix, limit, noHeaders) = (prefix, limit, noHeaders)
      try await global.withClient { client, terminal in
        var inputs: [InputPage.Input] = []
        try await Pages.follow { token in
          let page = try await client.call(
            Jobs.inputs,
            ListInputsParameters(prefix: prefix, pageSize: min(limit - inputs.count, 1_000), pageToken: token))
          inputs += page.inputs.prefix(limit - inputs.count)
          return (page.inputs.count, inputs.count < limit ? page.nextPageToken : nil)
        }
        if terminal.json { return inputs.forEach { terminal.print($0.json) } }
        let rows = inputs.map { [$0.modifiedAt.description, ByteCount.text($0.bytes), $0.name] }
        terminal.print(
          TextTable(
            [
              TextTable.Column(title: "MODIFIED", least: 24, rank: 2), TextTable.Column(title: "SIZE", rank: 1),
              TextTable.Column(title: "NAME", least: 16, rank: 0),
            ], rows, hasHeader: !noHeaders))
      }
    }
  }
#endif
