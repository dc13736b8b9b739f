import Foundation
import RPCClient
import TallySchema
import TestSupport
import Testing

/// Killed servers, stopped servers, second servers.
@Suite(.timeLimit(.minutes(5))) struct SurvivalTests {
  @Test func aKilledServerLosesNothing() async throws {
    let server = try await ServerProcess()
    let answer = try server.writeBig("big.csv", rows: 1_000_000)
    let job = try await server.client("submit", "big.csv", "-o", "b.csv", "--group-by", "k", "--sum", "n").output
      .trimmingCharacters(in: .newlines)
    let before = try await server.wait(job) { $0.progress.rows > 0 || $0.state.isFinal }
    try await server.killNow()
    try await server.start()
    let status = try await server.wait(job) { $0.state.isFinal && $0.published }
    #expect(before.state == .running && before.epoch == 1, "the kill met a job that ran")
    #expect(status.state == .succeeded && status.attempts == 0)
    #expect(status.rescues == 1 && status.epoch == 2, "which was run again")
    #expect(try server.read("b.csv") == answer)
    #expect(try FileManager.default.contentsOfDirectory(atPath: server.place.path + "/data/.tally/publish").isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: server.place.path + "/state/spill").isEmpty)
  }

  @Test func aWatchGoesOnOverARestart() async throws {
    let server = try await ServerProcess()
    let answer = try server.writeBig("big.csv", rows: 1_000_000)
    let client = TallyClient(TallyClient.Configuration(server: server.url))
    let spec = JobSpec(input: "big.csv", output: "b.csv", groupBy: ["k"], aggregates: [Aggregate(.sum, column: "n")])
    let job = try await client.call(Jobs.submit, SubmitParameters(spec: spec, idempotencyKey: "k"))
    var cursors: [JobCursor] = []
    var last: JobStatus?
    var isKilled = false
    for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: job.jobID)) {
      switch item {
      case .event(let event):
        cursors.append(event.cursor)
        if event.status.progress.rows > 0, !isKilled {
          isKilled = true
          try await server.killNow()
          try await server.start()
        }
      case .result(let status): last = status
      }
    }
    #expect(isKilled && last?.rescues == 1, "the kill met a job that ran")
    #expect(last?.state == .succeeded)
    #expect(
      cursors == cursors.sorted() && Set(cursors).count == cursors.count,
      "cursors strictly increase, over the restart too")
    #expect(try server.read("b.csv") == answer)
    await client.shutdown()
    #expect(client.activeTransfers == 0)
  }

  @Test func anOrderlyStopGivesTheJobBack() async throws {
    let server = try await ServerProcess()
    let answer = try server.writeBig("big.csv", rows: 1_000_000)
    let job = try await server.client("submit", "big.csv", "-o", "b.csv", "--group-by", "k", "--sum", "n").output
      .trimmingCharacters(in: .newlines)
    let before = try await server.wait(job) { $0.state == .running || $0.state.isFinal }
    // A stream is told.
    let body = #"{"jsonrpc":"2.0","id":1,"method":"streamProgress","params":{"jobId":"\#(job)"}}"#
    async let stream = server.curl("-N", "--json", body, "-H", "Accept: application/x-ndjson", server.url + "/rpc")
    while try await server.call("rpc.stats", "{}")["result"]?["streams"] == 0, try await server.isUnfinished(job) {
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(try await server.stop(SIGTERM) == 0)
    let lines = try await stream.split(separator: "\n")
    let end = try JSONValue(parsing: String(try #require(lines.last)))
    #expect(end["error"]?["data"]?["reason"] == "SHUTTING_DOWN", "\(end.text)")
    try await server.start()
    let status = try await server.wait(job) { $0.state.isFinal && $0.published }
    #expect(before.state == .running && status.epoch == 2, "the stop met a job that ran, and it was run again")
    #expect(status.state == .succeeded && status.attempts == 0 && status.rescues == 0, "at no cost to its counters")
    #expect(try server.read("b.csv") == answer)
  }

  @Test func aSecondServerIsRefusedInASentence() async throws {
    let server = try await ServerProcess()
    let taken = try await Programs.run(
      "rpc-server",
      ["--port", String(server.port), "--data", server.place.path + "/d2", "--state", server.place.path + "/s2"])
    #expect(
      taken.exitCode == 1 && taken.errors.contains("Port \(server.port) on 127.0.0.1 is taken"), "\(taken.errors)")
    let owned = try await Programs.run(
      "rpc-server", ["--port", "0", "--data", server.place.path + "/d3", "--state", server.place.path + "/state"])
    #expect(owned.exitCode == 1 && owned.errors.contains("held by process"), "\(owned.errors)")
    let foreign = try await Programs.run(
      "rpc-server", ["--port", "0", "--data", server.place.path + "/data", "--state", server.place.path + "/s4"])
    #expect(foreign.exitCode == 1 && foreign.errors.contains("belong to the store"), "\(foreign.errors)")
  }

  @Test(arguments: [
    (["--host", "0.0.0.0"], "--listen-anywhere"), (["--port", "x"], "port"), (["--memory", "1KiB"], "memory"),
    (["--store", "redis:x"], "sqlite:PATH"), (["--limit", "nonsense=1"], "--limit"),
    (["--log-level", "loud"], "log-level"),
  ])
  func aWrongSettingIsNamed(arguments: [String], word: String) async throws {
    let outcome = try await Programs.run("rpc-server", ["serve"] + arguments)
    #expect(outcome.exitCode == 64 && outcome.errors.contains(word), "\(outcome.errors)")
  }

  /// What is set is what the server enforces: it says so itself.
  @Test func everyLimitCanBeSet() async throws {
    #expect(Limits.settings.count == Set(Limits.settings.map(\.name)).count)
    let standard = Limits.standard
    // Of what open files limit too, fewer than any machine allows.
    let few: Set = ["connections", "downloads", "streams"]
    let chosen = Limits.settings.enumerated().map { index, setting in
      (setting.name, few.contains(setting.name) ? 200 - index : standard[keyPath: setting.path] - 1)
    }
    let server = try await ServerProcess(chosen.flatMap { ["--limit", "\($0.0)=\($0.1)"] })
    let limits = try await server.call("rpc.stats", "{}")["result"]?["limits"]
    for (name, value) in chosen { #expect(limits?[name] == .number(value), "\(name)") }
  }

  @Test func settingsComeFromOptionEnvironmentFileAndDefault() async throws {
    let server = try await ServerProcess()
    let file = try server.place.write(Array("TALLY_PORT=1\nTALLY_WORKERS=3\nTALLY_DATA=file\n".utf8), as: "settings")
    let outcome = try await Programs.run(
      "rpc-server", ["config", "--config-file", file, "--port", "4"],
      environment: ["TALLY_PORT": "2", "TALLY_WORKERS": "5"])
    for line in [
      "TALLY_PORT=4  # option", "TALLY_WORKERS=5  # environment", "TALLY_DATA=file  # \(file)",
      "TALLY_HOST=127.0.0.1  # default",
    ] {
      #expect(outcome.output.contains(line), "\(line)")
    }
    let example = try await Programs.run("rpc-server", ["config", "--example"])
    #expect(
      try String(contentsOfFile: Programs.root + "/.env.example", encoding: .utf8) == example.output,
      ".env.example is what the server prints")
  }
}
