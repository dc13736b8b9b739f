#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "Lists jobs, newest first.",
      discussion: "Where there is little room, IDs are cut at their beginning; their ends are enough to name a job by.")

    @Option(
      help: ArgumentHelp("Only jobs in this state; may be given several times.", valueName: "state"),
      completion: .list(JobState.allCases.map(\.rawValue)))
    var state: [String] = []
    @Option(help: ArgumentHelp("Only jobs whose output's name begins so.", valueName: "prefix")) var output: String?
    @Flag(help: "Also jobs whose answers have no name.") var unnamed = false
    @Option(help: ArgumentHelp("Only jobs submitted at this time or later (RFC 3339).", valueName: "time"))
    var createdFrom: String?
    @Option(help: ArgumentHelp("Only jobs submitted before this time.", valueName: "time")) var createdBefore: String?
    @Option(
      name: [.customShort("n", allowingJoined: true), .long], parsing: .unconditional, help: "How many, at the most.")
    var limit = 20
    @Flag(help: "Print no line with the columns' names.") var noHeaders = false
    @OptionGroup var global: GlobalOptions

    mutating func validate() throws {
      if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit).") }
      for name in state where JobState(named: name) == nil {
        let known = JobState.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--state takes one of \(known), not '\(name)'.")
      }
      _ = try parameters()
    }

    private func parameters() throws -> ListParameters {
      ListParameters(
        states: state.isEmpty ? nil : state.compactMap(JobState.init(named:)), output: output, unnamed: unnamed,
        createdFrom: try time(createdFrom, "--created-from"), createdBefore: try time(createdBefore, "--created-before")
      )
    }

    private func time(_ text: String?, _ option: String) throws -> Timestamp? {
      try text.map { text in
        guard let time = Timestamp(text) else {
          throw ValidationError("\(option) takes a time such as 2026-01-31T12:00:00Z, not '\(text)'.")
        }
        return time
      }
    }

    func run() async throws {
      let (asked, limit, noHeaders) = (try parameters(), limit, noHeaders)
      try await global.withClient { client, terminal in
        var jobs: [JobStatus] = []
        try await Pages.follow { token in
          var parameters = asked
          (parameters.pageSize, parameters.pageToken) = (min(limit - jobs.count, 1_000), token)
          let page = try await client.call(Jobs.list, parameters)
          jobs += page.jobs.prefix(limit - jobs.count)
          return (page.jobs.count, jobs.count < limit ? page.nextPageToken : nil)
        }
        if terminal.json { return jobs.forEach { terminal.print($0.json) } }
        terminal.print(ListCommand.table(jobs, hasHeader: !noHeaders))
      }
    }

    private static func table(_ jobs: [JobStatus], hasHeader: Bool) -> TextTable {
      let rows = jobs.map { job in
        [
          job.jobID, job.state.rawValue, Elapsed.milliseconds(job).map(Elapsed.text) ?? "", job.createdAt.description,
          job.input, job.output ?? "",
        ]
      }
      var table = TextTable(
        [
          // Enough of an ID to find the job by, where there is little room.
          TextTable.Column(title: "JOB", least: 13, rank: 0, keepsEnd: true),
          TextTable.Column(title: "STATE", least: 9, rank: 1),
          TextTable.Column(title: "TIME", least: 6, rank: 3), TextTable.Column(title: "CREATED", least: 24, rank: 5),
          TextTable.Column(title: "INPUT", least: 8, rank: 4), TextTable.Column(title: "OUTPUT", least: 8, rank: 2),
        ], rows, hasHeader: hasHeader)
      table.ink = { column, text in column == 1 ? JobState(named: text).flatMap(Style.ink) : nil }
      return table
    }
  }
#endif
