import Foundation
import TallySchema
import TestSupport
import Testing

/// An output never overwrites what a job reads, whatever happens to the files' names meanwhile.
@Suite(.timeLimit(.minutes(2))) struct InputSafetyTests {
  private let server: ServerProcess

  init() async throws { server = try await ServerProcess() }

  private func submit(_ parameters: String) async throws -> JSONValue { try await server.call("submitJob", parameters) }

  private func running(_ parameters: String) async throws -> String {
    let job = try #require(try await submit(parameters)["result"]?["jobId"]?.string)
    _ = try await server.wait(job) { $0.progress.rows > 0 || $0.state.isFinal }
    return job
  }

  @Test func filesOfAPatternAreNoOutputsWhileTheyAreRead() async throws {
    _ = try server.writeBig("in-1.csv")
    try server.write("k,n\na,1\n", as: "other.csv")
    let job = try await running(
      #"{"input":"in-*.csv","output":"sums.csv","groupBy":["k"],"aggregates":[{"function":"sum","column":"n"}]}"#)
    let refused = try await submit(#"{"input":"other.csv","output":"in-1.csv","groupBy":["k"]}"#)["error"]
    #expect(refused?["data"]?["reason"]?.string == "OUTPUT_IS_INPUT" && refused?["data"]?["field"]?.string == "output")
    #expect(refused?["message"]?.string?.contains(job) == true)
    // A name that matches, and stands for nothing yet, is nobody's input.
    #expect(try await submit(#"{"input":"other.csv","output":"in-2.csv","groupBy":["k"]}"#)["result"] != nil)
    #expect(try await server.wait(job) { $0.state.isFinal }.state == .succeeded)
    #expect(try await submit(#"{"input":"other.csv","output":"in-1.csv","groupBy":["k"]}"#)["result"] != nil)
  }

  /// What another job is to write is left out of a pattern's files, so that nobody reads half an answer of it.
  @Test func aPatternLeavesOutWhatIsBeingWritten() async throws {
    try server.write("k,n\na,1\n", as: "in-1.csv")
    try server.write("k,n\nb,1\n", as: "in-2.csv")
    let waiting = #"{"input":"in-1.csv","output":"in-2.csv","groupBy":["k"],"startAt":"2999-01-01T00:00:00Z"}"#
    #expect(try await submit(waiting)["result"] != nil)
    let job = try #require(
      try await submit(#"{"input":"in-*.csv","output":"keys.csv","groupBy":["k"]}"#)["result"]?["jobId"]?.string)
    #expect(try await server.wait(job) { $0.state.isFinal }.state == .succeeded)
    #expect(try server.read("keys.csv") == "k\na\n")
    let nothing = try #require(
      try await submit(#"{"input":"in-2*.csv","output":"none.csv","groupBy":["k"]}"#)["result"]?["jobId"]?.string)
    let failed = try await server.wait(nothing) { $0.state.isFinal }
    #expect(
      failed.error?.reason == "INPUT_NOT_FOUND" && failed.error?.message.contains("other unfinished jobs") == true)
  }

  @Test func anInputThatIsRenamedToTheOutputsNameIsKept() async throws {
    _ = try server.writeBig("in.csv", rows: 2_000_000)
    let bytes = try server.read("in.csv").utf8.count
    let job = try await running(
      #"{"input":"in.csv","output":"out.csv","groupBy":["k"],"aggregates":[{"function":"sum","column":"n"}]}"#)
    let folder = server.place.path + "/data/"
    try FileManager.default.moveItem(atPath: folder + "in.csv", toPath: folder + "out.csv")
    let status = try await server.wait(job) { $0.state.isFinal }
    #expect(status.state == .succeeded && !status.published && status.error?.reason == "OUTPUT_IS_INPUT")
    #expect(try server.read("out.csv").utf8.count == bytes)
    let url = try #require(status.result?.url)
    #expect(try await server.curl(server.url + url).hasPrefix("k,sum(n)\nkey-0,40\n"))
    // The name is free again, and the file is what stands under it.
    #expect(try await submit(#"{"input":"out.csv","output":"in.csv","groupBy":["k"]}"#)["result"] != nil)
  }
}
