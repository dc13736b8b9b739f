#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists jobs, newest first.")

    @Option(
      help: ArgumentHelp("Only jobs in this state; may be given several times.", valueName: "state"),
      completion: .list(JobState.allCases.map(\.rawValue)))
    var state: [String] = []
    @Option(name: [.customShort("n"), .long], help: "How many, at the most.") var limit = 20
    @Flag(help: "Print no line with the columns' names.") var noHeaders = false
    @OptionGroup var global: GlobalOptions

    mutating func validate() throws {
      if limit < 1 { throw ValidationError("--limit must be at least 1.") }
      for name in state where JobState(rawValue: name) == nil {
        let known = JobState.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--state takes one of \(known), not '\(name)'.")
      }
    }

    func run() async throws {
      let states = state.isEmpty ? nil : state.compactMap(JobState.init(rawValue:))
      let (limit, noHeaders) = (limit, noHeaders)
      try await global.withClient { client, terminal in
        var jobs: [JobStatus] = []
        var token: String?
        repeat {
          let page = try await client.call(
            Jobs.list, ListParameters(states: states, pageSize: min(limit - jobs.count, 1_000), pageToken: token))
          jobs += page.jobs
          token = page.nextPageToken
        } while token != nil && jobs.count < limit
        if terminal.json { return jobs.forEach { terminal.print($0.json) } }
        let rows = jobs.map { [$0.jobID, $0.state.rawValue, $0.createdAt.description, $0.input, $0.output] }
        var table = TextTable(
          [
            // Enough of an ID to find the job by, where there is little room.
            TextTable.Column(title: "JOB", least: 16, rank: 0), TextTable.Column(title: "STATE", least: 9, rank: 1),
            TextTable.Column(title: "CREATED", least: 24, rank: 4), TextTable.Column(title: "INPUT", least: 8, rank: 3),
            TextTable.Column(title: "OUTPUT", least: 8, rank: 2),
          ], rows, hasHeader: !noHeaders)
        table.ink = { column, text in column == 1 ? JobState(rawValue: text).flatMap(Style.ink) : nil }
        terminal.print(table)
      }
    }
  }
#endif
