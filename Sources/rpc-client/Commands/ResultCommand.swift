#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct ResultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "result", abstract: "Downloads a job's answer to standard output, or to a file.")

    @OptionGroup var job: JobReference
    @Option(
      name: [.customShort("o"), .long],
      help: "The file to write; it appears when it is whole. -: standard output, as without it.", completion: .file())
    var output: String?
    @Flag(help: "Print the first rows as a table, and no more.") var preview = false
    @Flag(help: "Print size, rows, digest and first rows instead, as JSON.") var info = false
    @OptionGroup var global: GlobalOptions

    func validate() throws {
      if preview, output != nil { throw ValidationError("--preview shows rows; it writes no file.") }
    }

    func run() async throws {
      let (job, info, output, preview) = (job, info, output == "-" ? nil : output, preview)
      try await global.withClient { client, terminal in
        let summary = try await client.call(Jobs.result, JobParameters(jobID: try await job.resolve(client)))
        if info || (preview && terminal.json) { return terminal.print(summary.json) }
        if preview { return ResultCommand.show(summary, terminal) }
        guard let output else {
          return try await Download(summary.result).run(client) { Terminal.writeOutput($0) }
        }
        let file = try PartialFile(path: output)
        do {
          try await Download(summary.result).run(client) { try file.write($0) }
        } catch {
          file.remove()
          throw error
        }
        try file.finish()
        if terminal.json { return terminal.print(summary.result.json) }
        let rows = Outcome.count(summary.result.rows, "row")
        terminal.remark("\(output): \(rows), \(ByteCount.text(summary.result.bytes))")
      }
    }

    private static func show(_ summary: ResultSummary, _ terminal: Terminal) {
      guard let header = summary.firstRows.first else { return }
      let rows = Array(summary.firstRows.dropFirst())
      terminal.print(TextTable(header, rows))
      // Both numbers are the server's.
      let left = summary.result.rows.subtractingReportingOverflow(rows.count)
      if left.partialValue > 0, !left.overflow { terminal.remark("and \(left.partialValue.grouped) rows more", .dim) }
    }
  }
#endif
