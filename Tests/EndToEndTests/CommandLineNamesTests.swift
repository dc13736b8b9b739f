import Foundation
import TallySchema
import TestSupport
import Testing

/// What a command line can name: columns with separators in them, jobs by a part of their IDs, values that begin with a minus.
@Suite(.timeLimit(.minutes(2))) final class CommandLineNamesTests: Sendable {
  private let server: ServerProcess

  init() async throws {
    server = try await ServerProcess()
    try server.write(ServerProcess.example, as: "plays.csv")
  }

  @Test(arguments: [
    ([#""City, State""#], ["City, State"]), ([#"City\, State"#], ["City, State"]), ([#"a\=b"#], ["a=b"]),
    (["a=b"], ["a=b"]), ([#""q""q""#], [#"q"q"#]), ([#"q\"q"#], [#"q"q"#]), ([#""""#], [""]),
    ([#"x\:y,"City, State""#], ["x:y", "City, State"]), ([#"back\slash"#], [#"back\slash"#]),
    ([#"back\\slash"#], [#"back\slash"#]),
  ])
  func everyColumnCanBeNamed(options: [String], columns: [String]) async throws {
    try server.write(
      "\"City, State\",a=b,\"\",x:y,\"q\"\"q\",back\\slash\n" + "1,2,3,4,5,6\n", as: "odd.csv")
    let words = options.flatMap { ["--group-by", $0] }
    let done = try await server.client(["run", "odd.csv", "-o", "odd-sums.csv", "--count", "n"] + words)
    #expect(done.exitCode == 0, "\(done.errors)")
    let summary = try await server.client("result", "last", "--info")
    #expect(
      try JSONValue(parsing: summary.output)["firstRows"]?.array?.first?.array?.compactMap(\.string) == columns + ["n"])
  }

  @Test(arguments: [#""open"#, #""a"b"#]) func aQuoteThatIsNotClosedIsRefused(option: String) async throws {
    let done = try await server.client("run", "plays.csv", "-o", "o.csv", "--group-by", option)
    #expect(done.exitCode == 64 && done.errors.contains("quote") && done.errors.contains("Usage: rpc-client run"))
  }

  @Test func aggregatesOfEveryTypeHaveAnOption() async throws {
    try server.write("k,n\na,1\na,1.0\na,-2e3\n", as: "types.csv")
    let done = try await server.client(
      "run", "types.csv", "-o", "-", "--group-by", "k", "--min-double", "n=least", "--max-double", "n=most",
      "--count-distinct-number", "n=different", "--count-distinct", "n=texts", "--on-bad-row", "skip", "--quiet")
    #expect(done.exitCode == 0 && done.output.hasPrefix("k,least,most,different,texts\n"), "\(done.errors)")
  }

  @Test func medianAndVarianceHaveOptions() async throws {
    try server.write("k,n\na,1\na,2\na,6\n", as: "numbers.csv")
    let done = try await server.client(
      "run", "numbers.csv", "-o", "-", "--group-by", "k", "--median", "n=m", "--variance", "n=v", "--variance-pop",
      "n=p", "--quiet")
    #expect(done.exitCode == 0 && done.output == "k,m,v,p\na,2,7,4.666667\n", "\(done.errors)")
    let wrong = try await server.client("run", "numbers.csv", "-o", "-", "--variance-pop", "")
    #expect(wrong.exitCode == 64 && wrong.errors.contains("--variance-pop needs a column"), "\(wrong.errors)")
  }

  /// Through the client, at `/results`, and in the first rows; also an answer without a byte.
  @Test func anAnswerMayBeJSONLines() async throws {
    try server.write("k,n\na,1\nb,2\n", as: "lines.csv")
    let words = ["run", "lines.csv", "-o", "lines.ndjson", "--group-by", "k", "--sum", "n", "--format", "ndjson"]
    let job = try await server.client(words).output.trimmingCharacters(in: .newlines)
    let lines = "{\"k\":\"a\",\"sum(n)\":1}\n{\"k\":\"b\",\"sum(n)\":2}\n"
    #expect(try await server.client("result", job).output == lines)
    #expect(try server.read("lines.ndjson") == lines)
    let summary = try await server.client("result", job, "--info")
    #expect(try JSONValue(parsing: summary.output)["firstRows"] == [["k", "sum(n)"], ["a", "1"], ["b", "2"]])
    let none = try await server.client(
      words + ["--where", #"{"column":"k","op":"=","value":"z"}"#, "--quiet", "-o", "none.ndjson"])
    #expect(none.exitCode == 0, "\(none.errors)")
    #expect(try server.read("none.ndjson").isEmpty)
    let empty = try await server.client("result", "last")
    #expect(empty.exitCode == 0 && empty.output.isEmpty, "\(empty.errors)")
    let wrong = try await server.client("run", "lines.csv", "-o", "w", "--format", "xml")
    #expect(wrong.exitCode == 64 && wrong.errors.contains("--format") && wrong.errors.contains("csv, ndjson"))
  }

  @Test func theAnswerCanGoToStandardOutput() async throws {
    let done = try await server.client("run", "plays.csv", "-o", "-")
    #expect(done.exitCode == 0 && done.output == ServerProcess.answer)
    #expect(done.errors.contains("standard output, 4 rows"))
    let left = try await server.client("inputs", "--no-headers").output.split(separator: "\n")
    #expect(left.count == 1, "nothing of it stays on the server: \(left)")
    #expect(try await server.client("list", "--no-headers").output.isEmpty)
    #expect(try await server.client("submit", "plays.csv", "-o", "-").exitCode == 64)
    #expect(try await server.client("run", "plays.csv", "-o", "-", "--json").exitCode == 64)
  }

  @Test func aJobIsFoundByEitherEndOfItsID() async throws {
    let job = try await server.client("run", "plays.csv", "-o", "n.csv").output.trimmingCharacters(in: .newlines)
    for name in [
      job, String(job.prefix(12)), String(job.suffix(6)), "…" + job.suffix(6), job.prefix(9) + "…", "last", " \(job) ",
    ] {
      let found = try await server.client("status", name, "--json")
      #expect(try JSONValue(parsing: found.output)["jobId"]?.string == job, "\(name)")
    }
    #expect(try await server.client("status", "0000").exitCode == 69)
  }

  /// An empty name once took the only job that there was.
  @Test(
    arguments: ["status", "cancel", "delete", "result", "retry", "events", "watch", "wait"], ["", " ", "…", "012"])
  func aBlankOrShortNameIsNoJob(command: String, name: String) async throws {
    let job = try await server.client("run", "plays.csv", "-o", "n.csv").output.trimmingCharacters(in: .newlines)
    let done = try await server.client(command, name)
    #expect(done.exitCode == 64 && done.errors.contains("Usage: rpc-client \(command)"), "\(done.errors)")
    #expect(try await server.client("status", job).exitCode == 0)
    #expect(try server.read("n.csv") == ServerProcess.answer)
  }

  @Test func valuesMayBeginWithAMinus() async throws {
    let done = try await server.client(
      "run", "plays.csv", "-o", "m.csv", "--priority", "-5", "--null", "-1", "--limit", "1")
    #expect(done.exitCode == 0, "\(done.errors)")
    #expect(try await server.client("list", "-n1", "--no-headers").output.split(separator: "\n").count == 1)
    let few = try await server.client("list", "-n", "-5")
    #expect(few.exitCode == 64 && few.errors.contains("--limit must be at least 1, not -5."))
  }

  @Test(arguments: [
    (["run", "x.csv", "-o", "y.csv", "--memory", "32MiB"], "--memory must be at least 64MiB, not 32MiB.", "run"),
    (["run", "x.csv", "-o", "y.csv", "--priority", "-500"], "--priority must be from -100 to 100.", "run"),
    (
      ["submit", "x.csv", "-o", "y.csv", "--quote", "ab"], "--quote must be one ASCII character, and no line end.",
      "submit"
    ),
    (["list", "--state", "none"], "--state takes one of waiting, queued", "list"),
    (["list", "--created-from", "today"], "--created-from takes a time such as", "list"),
  ])
  func wrongUsageNamesTheOptionAndTheCommand(words: [String], message: String, command: String) async throws {
    let done = try await server.client(words)
    #expect(done.exitCode == 64 && done.output.isEmpty)
    #expect(done.errors.contains(message) && done.errors.contains("Usage: rpc-client \(command) "), "\(done.errors)")
    let json = try await server.client(words + ["--json"])
    let error = try JSONValue(parsing: json.output)["error"]
    #expect(json.exitCode == 64 && error?["message"]?.string?.contains(message) == true, "\(json.output)")
    #expect(error?["data"]?["reason"] == "USAGE")
  }

  @Test func aMistypedCommandIsGuessed() async throws {
    let done = try await server.client("runn", "plays.csv")
    #expect(done.exitCode == 64 && done.errors.contains("Did you mean 'run'?"))
    let version = try await server.client("--version")
    #expect(version.exitCode == 0 && version.output == TallyVersion.text + "\n")
  }

  @Test func theListIsNarrowed() async throws {
    for name in ["a-1.csv", "a-2.csv", "b-1.csv"] {
      #expect(try await server.client("run", "plays.csv", "-o", name, "--quiet").exitCode == 0)
    }
    func names(_ words: String...) async throws -> Int {
      try await server.client(["list", "--no-headers"] + words).output.split(separator: "\n").count
    }
    #expect(try await names("--output", "a-") == 2)
    #expect(try await names("--created-from", "2999-01-01T00:00:00Z") == 0)
    #expect(try await names("--created-before", "2999-01-01T00:00:00Z") == 3)
  }

  /// The server has a token; a caller without one and one with another are told apart.
  @Test func aMissingTokenIsNoWrongOne() async throws {
    let guarded = try await ServerProcess(["--token", "right"])
    let missing = try await guarded.client("list")
    #expect(missing.exitCode == 80 && missing.errors.contains("none was given"), "\(missing.errors)")
    let wrong = try await guarded.client("list", "--token", "wrong")
    #expect(wrong.exitCode == 80 && wrong.errors.contains("isn't the server's"), "\(wrong.errors)")
    let doctor = try await guarded.client("doctor", "--token", "wrong")
    #expect(doctor.exitCode == 80 && doctor.output.contains("bad  token"), "\(doctor.output)")
    #expect(try await guarded.client("list", "--token", "right").exitCode == 0)
  }
}
