#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "doctor", abstract: "Checks the server: reachable, version, token, clock, speed.",
      discussion: "Ends with 0 when all is well, else with the exit code of what isn't.")

    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await global.withClient { client, terminal in
        // Each server by itself: a client of several would ask the next one.
        var findings: [Checkup.Finding] = []
        for server in client.configuration.servers {
          var checkup = Checkup(
            client: TallyClient(server: server, configuration: client.configuration), server: server)
          await checkup.run()
          findings += checkup.findings
        }
        if terminal.json {
          terminal.print(findings.map(\.json).json)
        } else {
          var table = TextTable(
            [
              TextTable.Column(title: "", least: 4, rank: 0), TextTable.Column(title: "", least: 8, rank: 1),
              TextTable.Column(title: "", least: 200, rank: 0),
            ], [], hasHeader: false)
          table.ink = { column, text in column == 0 ? (text == "ok" ? .green : .red) : nil }
          for finding in findings {
            table.rows = [[finding.isWell ? "ok" : "bad", finding.subject]]
            terminal.print(table)
            terminal.printText("    " + finding.text)
          }
        }
        if let worst = findings.first(where: { !$0.isWell }) { throw ExitCode(worst.status.exitCode) }
      }
    }
  }
#endif
