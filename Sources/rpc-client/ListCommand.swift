#if Server
  import ArgumentParser
  import RPCClient
  import Schema

  struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists jobs, newest first.")

    @Option(help: ArgumentHelp("Only jobs in this state; may be given several times.", valueName: "state"))
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
        let header = noHeaders ? [] : [["JOB", "STATE", "CREATED", "INPUT", "OUTPUT"]]
        for line in TextTable.lines(header + rows) { terminal.print(line) }
      }
    }
  }
#endif
