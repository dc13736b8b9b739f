import Foundation
import RPCClient
import TallySchema
import TestSupport
import Testing

/// `succeeded` means that the output is there, for whoever looks and however fast.
@Suite(.timeLimit(.minutes(3))) struct PublicationTests {
  private let server: ServerProcess

  init() async throws {
    server = try await ServerProcess()
    try server.write(ServerProcess.example, as: "plays.csv")
  }

  @Test func noCallerSeesSuccessBeforeTheFile() async throws {
    let client = TallyClient(TallyClient.Configuration(server: server.url))
    let jobs = 500
    let early = try await withThrowingTaskGroup(of: [String].self) { group in
      for poller in 0..<8 {
        group.addTask {
          var early: [String] = []
          for number in stride(from: poller, to: jobs, by: 8) {
            let output = "out-\(number).csv"
            let spec = JobSpec(input: "plays.csv", output: output)
            var status = try await client.call(Jobs.submit, SubmitParameters(spec: spec))
            while !status.state.isFinal {
              #expect(status.result == nil && status.finishedAt == nil, "no end before the end: \(status)")
              status = try await client.call(Jobs.status, JobParameters(jobID: status.jobID))
            }
            let isThere = (try? server.read(output)) == ServerProcess.answer
            if status.state != .succeeded || !status.published || !isThere { early.append(output) }
          }
          return early
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(early.isEmpty, "of \(jobs) jobs")
    await client.shutdown()
  }

  @Test func aDelayedPublicationIsToldAndCanBeGivenUp() async throws {
    #expect(try await server.client("run", "plays.csv", "-o", "sums.csv").exitCode == 0)
    // Whoever publishes holds the lock of the name, which is there since the first job.
    let locks = server.place.path + "/data/.tally/locks"
    let lock = try #require(try FileManager.default.contentsOfDirectory(atPath: locks).first)
    let held = open(locks + "/" + lock, O_RDWR)
    defer { close(held) }
    #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
    try server.write("Song,Date,Number of Plays\nA,2020-01-01,1\n", as: "other.csv")
    let job = try #require(
      try await server.call("submitJob", #"{"input":"other.csv","output":"sums.csv"}"#)["result"]?["jobId"]?.string)
    func status() async throws -> JobValue {
      JobValue(try await server.call("getStatus", #"{"jobId":"\#(job)"}"#)["result"])
    }
    var now = try await status()
    for _ in 0..<3_000 where now.reason != "PUBLICATION_DELAYED" {
      try await Task.sleep(for: .milliseconds(10))
      now = try await status()
    }
    #expect(now == JobValue(state: "running", phase: "publishing", published: false, reason: "PUBLICATION_DELAYED"))
    #expect(try await server.curl("-o", "/dev/null", "-w", "%{http_code}", "\(server.url)/results/\(job)") == "404")
    #expect(
      try await server.call("getResult", #"{"jobId":"\#(job)"}"#)["error"]?["data"]?["reason"]?.string
        == "JOB_NOT_SUCCEEDED")
    #expect(
      try await server.call("deleteJob", #"{"jobId":"\#(job)"}"#)["error"]?["data"]?["reason"]?.string
        == "JOB_NOT_ENDED")
    let cancelled = JobValue(try await server.call("cancelJob", #"{"jobId":"\#(job)"}"#)["result"])
    #expect(
      cancelled == JobValue(state: "succeeded", phase: "done", published: false, reason: "PUBLICATION_CANCELLED"))
    #expect(try server.read("sums.csv") == ServerProcess.answer, "the name shows what it has shown")
    #expect(
      try await server.curl("\(server.url)/results/\(job)")
        == "Song,Date,Total Number of Plays for Date\nA,2020-01-01,1\n")
  }

  /// A publisher has died after the output was shown and before the store heard of it.
  @Test func whatIsShownAlreadyIsNotGivenUp() async throws {
    #expect(try await server.client("run", "plays.csv", "-o", "sums.csv").exitCode == 0)
    try await server.stop()
    // The job as it was before the mark.
    _ = try await Programs.run(
      "/usr/bin/python3",
      [
        "-c",
        "import sqlite3, sys; s = sqlite3.connect(sys.argv[1]); s.execute(\"UPDATE jobs SET publication = 'pending'\"); s.commit()",
        server.place.path + "/state/tally.sqlite",
      ])
    let locks = server.place.path + "/data/.tally/locks"
    let lock = try #require(try FileManager.default.contentsOfDirectory(atPath: locks).first)
    let held = open(locks + "/" + lock, O_RDWR)
    #expect(flock(held, LOCK_EX | LOCK_NB) == 0)
    try await server.start()
    let job = try #require(
      try await server.call("listJobs", "{}")["result"]?["jobs"]?[0]?["jobId"]?.string)
    async let cancelled = server.call("cancelJob", #"{"jobId":"\#(job)"}"#)
    try await Task.sleep(for: .milliseconds(200))
    close(held)
    let now = JobValue(try await cancelled["result"])
    #expect(now == JobValue(state: "succeeded", phase: "done", published: true, reason: nil))
  }

  /// What a status says of a publication.
  private struct JobValue: Equatable {
    var state: String?
    var phase: String?
    var published: Bool?
    var reason: String?

    init(state: String, phase: String, published: Bool, reason: String?) {
      (self.state, self.phase, self.published, self.reason) = (state, phase, published, reason)
    }

    init(_ status: JSONValue?) {
      state = status?["state"]?.string
      phase = status?["progress"]?["phase"]?.string
      published = status?["published"].map { $0 == .bool(true) }
      reason = status?["error"]?["reason"]?.string
    }
  }
}
