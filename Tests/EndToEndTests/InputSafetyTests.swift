import Foundation
import TallySchema
import TestSupport
import Testing

/// An output never overwrites what a job reads, whatever happens to the files' names meanwhile.
@Suite(.timeLimit(.minutes(2))) struct InputSafetyTests {
  private let server: ServerProcess

  init() async throws { server = try await ServerProcess() }

  private func submit(_ parameters: String) async throws -> JSONValue { try await server.call("submitJob", parameters) }

  /// Has a job read its input and wait, with its result, for its output's name, until the lock is given back.
  private func unpublished(_ parameters: String, output: String) async throws -> (job: String, lock: Int32) {
    // The name's lock is there since the first job that was shown under it.
    try server.write("k,n\na,1\n", as: "other.csv")
    let locks = server.place.path + "/data/.tally/locks"
    #expect(try await server.client("run", "other.csv", "-o", output, "--group-by", "k").exitCode == 0)
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: locks).first)
    let lock = open(locks + "/" + name, O_RDWR)
    #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
    let job = try #require(try await submit(parameters)["result"]?["jobId"]?.string)
    let status = try await server.wait(job) { $0.progress.phase == .publishing || $0.state.isFinal }
    #expect(status.state == .running)
    return (job, lock)
  }

  @Test func filesOfAPatternAreNoOutputsWhileTheyAreRead() async throws {
    try server.write("k,n\nb,1\n", as: "in-1.csv")
    let (job, lock) = try await unpublished(
      #"{"input":"in-*.csv","output":"sums.csv","groupBy":["k"]}"#, output: "sums.csv")
    let refused = try await submit(#"{"input":"other.csv","output":"in-1.csv","groupBy":["k"]}"#)["error"]
    #expect(refused?["data"]?["reason"]?.string == "OUTPUT_IS_INPUT" && refused?["data"]?["field"]?.string == "output")
    #expect(refused?["message"]?.string?.contains(job) == true)
    // A name that matches, and stands for nothing yet, is nobody's input.
    #expect(try await submit(#"{"input":"other.csv","output":"in-2.csv","groupBy":["k"]}"#)["result"] != nil)
    close(lock)
    #expect(try await server.wait(job) { $0.state.isFinal }.published)
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
    try server.write("k,n\nb,1\nc,2\n", as: "in.csv")
    let (job, lock) = try await unpublished(
      #"{"input":"in.csv","output":"out.csv","groupBy":["k"]}"#, output: "out.csv")
    let folder = server.place.path + "/data/"
    #expect(rename(folder + "in.csv", folder + "out.csv") == 0)
    close(lock)
    let status = try await server.wait(job) { $0.state.isFinal }
    #expect(status.state == .succeeded && !status.published && status.error?.reason == "OUTPUT_IS_INPUT")
    #expect(try server.read("out.csv") == "k,n\nb,1\nc,2\n")
    let url = try #require(status.result?.url)
    #expect(try await server.curl(server.url + url) == "k\nb\nc\n")
    // The name is free again, and the file is what stands under it.
    #expect(try await submit(#"{"input":"out.csv","output":"in.csv","groupBy":["k"]}"#)["result"] != nil)
  }
}
