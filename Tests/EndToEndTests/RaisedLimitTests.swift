import Foundation
import TallySchema
import TestSupport
import Testing

/// A limit that a server was given another value for holds wherever it is used: in the command line, in what a submission
/// is checked against, in the store and in the job.
@Suite(.timeLimit(.minutes(3))) struct RaisedLimitTests {
  private static let files = 1_200
  private static let columns = 5_000
  private static let depth = 400

  /// One question for each limit, and what its refusal names.
  static let questions = ["inputFiles", "columns", "jsonDepth"]

  private static func arguments(_ limit: String) -> [String] {
    switch limit {
    case "inputFiles":
      ["f0.csv"] + (1..<files).flatMap { ["--also", "f\($0).csv"] } + ["-o", "files.csv", "--group-by", "k"]
        + ["--sum", "n"]
    case "columns":
      ["wide.csv", "-o", "columns.csv", "--group-by", (0..<columns).map { "c\($0)" }.joined(separator: ",")]
    default:
      ["f0.csv", "-o", "deep.csv", "--group-by", "k", "--count", "rows", "--where"] + [
        String(repeating: #"{"not":"#, count: depth) + #"{"column":"k","op":"=","value":"a"}"#
          + String(repeating: "}", count: depth)
      ]
    }
  }

  private func server(_ arguments: [String]) async throws -> ServerProcess {
    let server = try await ServerProcess(arguments)
    for file in 0..<RaisedLimitTests.files { try server.write("k,n\na,1\nb,2\n", as: "f\(file).csv") }
    let names = (0..<RaisedLimitTests.columns).map { "c\($0)" }.joined(separator: ",")
    let values = (0..<RaisedLimitTests.columns).map { "\($0)" }.joined(separator: ",")
    try server.write("\(names)\n\(values)\n", as: "wide.csv")
    return server
  }

  @Test func raisedLimitsHoldEverywhere() async throws {
    let server = try await server([
      "--limit", "inputFiles=2000", "--limit", "columns=8000", "--limit", "jsonDepth=500",
    ])
    for limit in RaisedLimitTests.questions {
      let run = try await server.client(["run", "--json"] + RaisedLimitTests.arguments(limit))
      #expect(run.exitCode == 0, "\(limit): \(run.errors)")
      // What is told of the job holds the question, or what came of it.
      let job = try #require(run.output.firstMatch(of: /[0-9a-f-]{36}/).map { String($0.output) }, "\(limit)")
      #expect(try await server.client("status", job).exitCode == 0, "\(limit)")
      #expect(try await server.client("result", job, "--info").exitCode == 0, "\(limit)")
    }
    #expect(try server.read("files.csv") == "k,sum(n)\na,1200\nb,2400\n")
    #expect(try server.read("columns.csv").hasSuffix(",4999\n"))
    #expect(try server.read("deep.csv") == "k,rows\na,1\n", "an even number of negations")
    let described = try await server.client("describe", "wide.csv", "--json")
    #expect(described.exitCode == 0 && described.output.contains(#""c4999""#))
    // Whatever a server was allowed to store, the next one can read.
    try await server.stop()
    try await server.start()
    let list = try await server.client("list", "--json")
    #expect(list.exitCode == 0 && list.output.contains("columns.csv") && list.output.contains("deep.csv"))
  }

  @Test(arguments: questions) func theStandardLimitIsNamed(_ limit: String) async throws {
    let server = try await server([])
    let run = try await server.client(["run"] + RaisedLimitTests.arguments(limit))
    #expect(run.exitCode != 0)
    #expect(run.errors.contains("(\(limit))"), "\(run.errors)")
  }

  @Test func nestingIsLimitedByTheStackInTheEnd() async throws {
    let run = try await Programs.run("rpc-server", ["serve", "--limit", "jsonDepth=1000000"])
    #expect(run.exitCode != 0 && run.errors.contains("'json-depth'"), "\(run.errors)")
  }
}
