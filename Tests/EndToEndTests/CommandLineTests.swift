import Foundation
import TallySchema
import TestSupport
import Testing

/// The command line against a real server: what it prints where, and its exit codes.
@Suite(.timeLimit(.minutes(3))) struct CommandLineTests {
  private let server: ServerProcess

  init() async throws {
    server = try await ServerProcess()
    try server.write(ServerProcess.example, as: "plays.csv")
  }

  @Test func theExampleIsAnswered() async throws {
    let run = try await server.client("run", "plays.csv", "-o", "sums.csv")
    #expect(run.exitCode == 0)
    let job = run.output.trimmingCharacters(in: .newlines)
    #expect(job.count == 36, "standard output is the job's ID")
    #expect(run.errors.contains(": sums.csv, 4 rows, 142 B"))
    #expect(try server.read("sums.csv") == ServerProcess.answer)
    let result = try await server.client("result", job)
    #expect(result.output == ServerProcess.answer && result.errors.isEmpty)
    #expect(
      try await server.client("result", String(job.prefix(20))).output == ServerProcess.answer, "a prefix is enough")
    let file = server.place.path + "/copy.csv"
    #expect(try await server.client("result", job, "-o", file).exitCode == 0)
    #expect(try server.place.read("copy.csv") == Array(ServerProcess.answer.utf8))
    let info = try JSONValue(parsing: try await server.client("result", job, "--info").output)
    #expect(info["firstRows"]?[1] == ["In The End", "2020-01-01", "1500"])
  }

  @Test func aQuestionOfOnesOwnIsAnswered() async throws {
    let run = try await server.client(
      "run", "plays.csv", "-o", "o.csv", "--group-by", "Song", "--count", "n", "--max", "Number of Plays=best",
      "--sum", "Number of Plays", "--avg", "Number of Plays=mean", "--quiet")
    #expect(run.exitCode == 0 && run.errors.isEmpty)
    #expect(
      try server.read("o.csv")
        == "Song,n,best,sum(Number of Plays),mean\nIn The End,3,1000,2000,666.666667\nUmbrella,4,200,400,100\n")
  }

  @Test func exitCodesAreAsTheyAreDocumented() async throws {
    for (arguments, code) in [
      (["run", "none.csv", "-o", "x.csv"], 69), (["run", "plays.csv", "-o", "x.csv", "--group-by", "None"], 1),
      (["status", "01234567"], 69), (["run"], 64), (["nonsense"], 64),
      (["run", "plays.csv", "-o", "plays.csv"], 64),
      (["call", "none"], 76), (["call", "getStatus", "{}"], 67), (["call", "getStatus", "{"], 64),
      (["--server", "http://127.0.0.1:9", "list"], 78), (["list", "--server=http://127.0.0.1:9"], 78), (["--help"], 0),
    ] as [([String], Int32)] {
      let outcome = try await Programs.run("rpc-client", arguments, environment: ["TALLY_SERVER": server.url])
      #expect(outcome.exitCode == code, "\(arguments): \(outcome.errors)")
      #expect(
        outcome.exitCode == 0 || outcome.exitCode == 1 || outcome.output.isEmpty,
        "\(arguments): errors go to standard error")
    }
  }

  @Test func jsonIsOneObjectALine() async throws {
    let run = try await server.client("--json", "run", "plays.csv", "-o", "j.csv")
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.count >= 2)
    let states = try lines.map { try JobStatus(json: JSONValue(parsing: $0)).state }
    #expect(states.first == .queued && states.last == .succeeded)
    let failed = try await server.client("status", "0123", "--json")
    #expect(try JSONValue(parsing: failed.output)["error"]?["data"]?["status"] == "NOT_FOUND")
    let list = try await server.client("list", "--json")
    #expect(
      try list.output.split(separator: "\n").allSatisfy {
        try JobStatus(json: JSONValue(parsing: String($0))).state.isFinal
      })
  }

  @Test func aJobsLifeIsToldAndUndone() async throws {
    let job = try await server.client("run", "plays.csv", "-o", "life.csv", "--quiet").output.trimmingCharacters(
      in: .newlines)
    let events = try await server.client("events", job, "--no-headers")
    #expect(
      events.output.split(separator: "\n").map { $0.split(separator: " ")[1] }
        == ["submitted", "claimed", "succeeded", "published"])
    #expect(try await server.client("retry", job).exitCode == 73, "it has succeeded")
    #expect(try await server.client("delete", job).output == job + "\n")
    #expect(try await server.client("status", job).exitCode == 69)
    #expect(throws: (any Error).self) { try server.read("life.csv") }
    let failed = try await server.client("submit", "plays.csv", "-o", "f.csv", "--group-by", "None").output
      .trimmingCharacters(in: .newlines)
    #expect(try await server.client("wait", failed).exitCode == 1)
    #expect(try await server.client("retry", failed).output == failed + "\n")
    #expect(try await server.client("wait", failed).exitCode == 1)
    let told = try await server.client("events", failed, "--json")
    let actions = try told.output.split(separator: "\n").map {
      try JobLogLine(json: JSONValue(parsing: String($0))).action
    }
    #expect(actions == [.submitted, .claimed, .failed, .retried, .claimed, .failed])
  }

  @Test func inputsAreListedAndDescribed() async throws {
    try server.write("a;b\n1,5;x\n", as: "semicolons.csv")
    let list = try await server.client("inputs")
    #expect(
      list.output.split(separator: "\n").map { $0.split(separator: " ").last } == [
        "NAME", "plays.csv", "semicolons.csv",
      ])
    #expect(try await server.client("inputs", "semi", "--no-headers").output.hasSuffix("  semicolons.csv\n"))
    let described = try await server.client("describe", "semicolons.csv")
    #expect(described.output.contains("Delimiter        ;\n") && described.output.contains("COLUMN  TYPE\na       "))
    #expect(described.output.hasSuffix("Options: --delimiter ';'\n"), "\(described.output)")
    let told = try await server.client("describe", "semicolons.csv", "--delimiter", ",", "--json")
    #expect(try JSONValue(parsing: told.output)["csv"]?["delimiter"] == ",")
    #expect(try await server.client("describe", "none.csv").exitCode == 69)
  }

  @Test func theServerTellsOfItself() async throws {
    let methods = try await server.client("discover")
    #expect(methods.output.contains("getStatus jobId\n") && methods.output.contains("listJobs [states]"))
    #expect(try JSONValue(parsing: try await server.client("discover", "--json").output)["openrpc"] == "1.3.2")
    #expect(try await server.client("stats").output.contains("jobs.queued "))
    let typo = try await server.client("call", "getStats")
    #expect(typo.exitCode == 76 && typo.errors.contains("Did you mean 'getStatus'?"))
    #expect(!(try await server.client("call", "somethingElse").errors.contains("Did you mean")))
  }

  @Test func theSameKeyIsTheSameJob() async throws {
    let first = try await server.client("submit", "plays.csv", "-o", "k.csv", "--key", "k1")
    _ = try await server.client("wait", first.output.trimmingCharacters(in: .newlines))
    let second = try await server.client("submit", "plays.csv", "-o", "k.csv", "--key", "k1")
    #expect(first.output == second.output && first.exitCode == 0)
    #expect(try await server.client("submit", "plays.csv", "-o", "other.csv", "--key", "k1").exitCode == 70)
  }

  @Test func cancelEndsWhenTheWorkHasStopped() async throws {
    // Seconds of work, also for a machine with little else to do.
    try server.write("k,n\n" + String(repeating: "key,1\n", count: 12_000_000), as: "big.csv")
    let job = try await server.client("submit", "big.csv", "-o", "b.csv", "--group-by", "k", "--sum", "n").output
      .trimmingCharacters(in: .newlines)
    let second = try await server.client("submit", "plays.csv", "-o", "b.csv")
    #expect(
      second.exitCode == 73 && second.errors.contains(job), "one unfinished job for each output: \(second.errors)")
    async let waiting = server.client("wait", job)
    let cancelled = try await server.client("cancel", job)
    #expect(cancelled.exitCode == 0 && cancelled.output == "cancelled\n")
    #expect(try await waiting.exitCode == 2)
    let results = server.place.path + "/data/.tally/results/" + job
    #expect((try? FileManager.default.contentsOfDirectory(atPath: results).isEmpty) ?? true, "no partial file")
    #expect(!FileManager.default.fileExists(atPath: server.place.path + "/data/b.csv"))
    #expect(try await server.client("cancel", job).exitCode == 0, "cancel is idempotent")
    #expect(try await server.client("run", "plays.csv", "-o", "b.csv").exitCode == 0, "the name is free again")
  }

  @Test func anInterruptLeavesTheJob() async throws {
    let answer = try server.writeBig("big.csv")
    let process = Programs.process(
      Programs.folder + "/rpc-client", ["run", "big.csv", "-o", "i.csv", "--group-by", "k", "--sum", "n"],
      environment: ["TALLY_SERVER": server.url])
    let output = try Capture()
    let errors = try Capture()
    process.standardOutput = output.writer
    process.standardError = errors.writer
    let ended = Task { try await Programs.end(of: process) }
    while output.text.count < 37 { try await Task.sleep(for: .milliseconds(10)) }
    // The ID is printed first; the handler is installed right after it.
    try await Task.sleep(for: .milliseconds(300))
    process.interrupt()
    try await ended.value
    let job = output.text.trimmingCharacters(in: .newlines)
    #expect(process.terminationStatus == 130 || process.terminationStatus == 0, "0 where the job was faster")
    if process.terminationStatus == 130 { #expect(errors.text.contains("rpc-client watch \(job)")) }
    let waited = try await server.client("wait", job)
    #expect(waited.exitCode == 0, "\(waited.errors)\n\(server.logText)")
    #expect(try server.read("i.csv") == answer)
  }
}
