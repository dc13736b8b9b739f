#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "events", abstract: "Tells what has happened to a job: when, what, and who has done it.")

    @OptionGroup var job: JobReference
    @Flag(help: "Print no line with the columns' names.") var noHeaders = false
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      let (job, noHeaders) = (job, noHeaders)
      try await global.withClient { client, terminal in
        let id = try await job.resolve(client)
        var lines: [JobLogLine] = []
        var page = JobLogPage(events: [], hasMore: true)
        // A page that brings nothing new would be asked for without end.
        while page.hasMore, lines.isEmpty || !page.events.isEmpty {
          page = try await client.call(
            Jobs.events, EventsParameters(jobID: id, after: lines.last?.cursor, pageSize: 1_000))
          lines += page.events
        }
        if terminal.json { return lines.forEach { terminal.print($0.json) } }
        let rows = lines.map { [$0.at.description, $0.action.rawValue, $0.actor, $0.error?.message ?? ""] }
        terminal.print(
          TextTable(
            [
              TextTable.Column(title: "AT", least: 24, rank: 2), TextTable.Column(title: "WHAT", least: 9, rank: 0),
              TextTable.Column(title: "WHO", rank: 3), TextTable.Column(title: "ERROR", least: 20, rank: 1),
            ], rows, hasHeader: !noHeaders))
      }
    }
  }
#endif
