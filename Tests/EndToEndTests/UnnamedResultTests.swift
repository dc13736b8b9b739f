import Foundation
import TallySchema
import TestSupport
import Testing

/// Jobs whose result is shown under no name: it is downloaded, and kept for a while.
@Suite(.timeLimit(.minutes(2))) struct UnnamedResultTests {
  private let server: ServerProcess

  init() async throws {
    server = try await ServerProcess()
    try server.write(ServerProcess.example, as: "plays.csv")
  }

  private func submit(_ parameters: String = #"{"input":"plays.csv"}"#) async throws -> JobStatus {
    try JobStatus(json: try #require(try await server.call("submitJob", parameters)["result"]))
  }

  private func ids(_ parameters: String) async throws -> [String] {
    let page = try #require(try await server.call("listJobs", parameters)["result"])
    return try JobPage(json: page).jobs.map(\.jobID)
  }

  @Test func theResultIsDownloadedAndShownUnderNoName() async throws {
    let job = try await submit()
    #expect(job.output == nil)
    let status = try await server.wait(job.jobID) { $0.state.isFinal }
    #expect(status.state == .succeeded && !status.published && status.error == nil)
    let result = try #require(status.result)
    #expect(result.output == nil && result.rows == 4)
    #expect(try await server.curl(server.url + result.url) == ServerProcess.answer)
    let head = try await server.curl("-I", server.url + result.url)
    #expect(head.contains("filename=\"\(job.jobID).csv\""))
    let summary = try await server.call("getResult", #"{"jobId":"\#(job.jobID)"}"#)["result"]
    #expect(summary?["firstRows"]?.array?.count == 5 && summary?["output"] == nil)
    let names = try FileManager.default.contentsOfDirectory(atPath: server.place.path + "/data").sorted()
    #expect(names == [".tally", "plays.csv"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: server.place.path + "/data/.tally/locks").isEmpty)
  }

  /// A stream of one begins with the job and ends with its final response, as every stream does.
  @Test func aStreamEndsWithTheResult() async throws {
    let job = try await submit(#"{"input":"plays.csv","format":"ndjson"}"#)
    let stream = try await server.curl(
      "-H", "Accept: application/x-ndjson", "--json",
      #"{"jsonrpc":"2.0","id":7,"method":"streamProgress","params":{"jobId":"\#(job.jobID)"}}"#, server.url + "/rpc")
    let last = try JSONValue(parsing: String(try #require(stream.split(separator: "\n").last)))
    #expect(last["result"]?["state"]?.string == "succeeded" && last["result"]?["output"] == nil)
    let url = try #require(last["result"]?["result"]?["url"]?.string)
    #expect(try await server.curl(server.url + url).hasPrefix(#"{"Song":"In The End""#))
  }

  @Test func listsHaveItWhereThatIsAsked() async throws {
    let hidden = try await submit()
    let shown = try await submit(#"{"input":"plays.csv","output":"sums.csv"}"#)
    #expect(try await ids("{}") == [shown.jobID])
    #expect(try await ids(#"{"unnamed":true}"#) == [shown.jobID, hidden.jobID])
    for job in [hidden, shown] { _ = try await server.wait(job.jobID) { $0.state.isFinal } }
    for (parameters, count) in [(#"{"counts":true}"#, 1), (#"{"counts":true,"unnamed":true}"#, 2)] {
      let page = try JobPage(json: try #require(try await server.call("listJobs", parameters)["result"]))
      #expect(page.counts?[.succeeded] == count, "\(parameters)")
    }
  }

  @Test func deletingItRemovesItsFile() async throws {
    let job = try await submit()
    _ = try await server.wait(job.jobID) { $0.state.isFinal }
    let folder = server.place.path + "/data/.tally/results/" + job.jobID
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
    #expect(try await server.call("deleteJob", #"{"jobId":"\#(job.jobID)"}"#)["result"] != nil)
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test func itIsForgottenWithItsFileWhenItsTimeIsOver() async throws {
    let kept = try await submit(#"{"input":"plays.csv","output":"sums.csv"}"#)
    let job = try await submit()
    for id in [kept.jobID, job.jobID] { _ = try await server.wait(id) { $0.state.isFinal } }
    let folder = server.place.path + "/data/.tally/results/" + job.jobID
    // Ended jobs are looked at when a server starts, and then every minute.
    try await server.stop()
    try await server.start()
    #expect(FileManager.default.fileExists(atPath: folder), "within the hour nothing goes")
    try await server.stop()
    try await server.start(["--limit", "unnamedMilliseconds=1"])
    for _ in 0..<1_000 where FileManager.default.fileExists(atPath: folder) {
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
    #expect(try await ids(#"{"unnamed":true}"#) == [kept.jobID])
    #expect(try server.read("sums.csv") == ServerProcess.answer)
  }

  @Test func theCommandLineNamesItByItsID() async throws {
    let done = try await server.client("run", "plays.csv")
    #expect(done.exitCode == 0)
    let id = try #require(done.output.split(separator: "\n").first.map(String.init))
    #expect(done.errors.contains(": 4 rows, ") && done.errors.contains("rpc-client result \(id) downloads the answer."))
    #expect(try await server.client("result", "last").output == ServerProcess.answer)
    #expect(try await server.client("list", "--no-headers").output == "")
    #expect(try await server.client("list", "--no-headers", "--unnamed").output.contains("succeeded"))
    let submitted = try await server.client("submit", "plays.csv")
    #expect(submitted.exitCode == 0)
    let job = submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(try await server.client("wait", job).exitCode == 0)
    #expect(try await server.client("result", job).output == ServerProcess.answer)
    let collected = try await server.client("run", "plays.csv", "--on-bad-row", "collect")
    #expect(collected.exitCode == 64 && collected.errors.contains("--on-bad-row"))
  }
}
