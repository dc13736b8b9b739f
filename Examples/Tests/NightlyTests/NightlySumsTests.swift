import Nightly
import RPCClient
import RPCClientTesting
import TallySchema
import Testing

/// The tool without a server: `FakeTransport` answers.
@Suite struct NightlySumsTests {
  private func status(_ id: String, input: String, failure: String? = nil) throws -> JobStatus {
    var members: [JSONMember] = [
      JSONMember("jobId", .string(id)), JSONMember("state", failure == nil ? "succeeded" : "failed"),
      JSONMember("input", .string(input)), JSONMember("output", .string("sums/n/" + input)),
      JSONMember("createdAt", "2026-01-01T00:00:00.000Z"), JSONMember("epoch", 1), JSONMember("attempts", 0),
      JSONMember("rescues", 0), JSONMember("published", true),
      JSONMember(
        "progress",
        [
          "phase": "reading", "bytesRead": 0, "rows": 0, "groups": 0, "bytesSpilled": 0, "badRows": 0,
          "rowsPerSecond": 0,
        ]),
    ]
    if let failure {
      members.append(JSONMember("error", ["status": "INVALID_ARGUMENT", "reason": "X", "message": .string(failure)]))
    } else {
      members.append(
        JSONMember(
          "result",
          [
            "output": .string("sums/n/" + input), "bytes": 9, "rows": 2, "url": .string("/results/" + id),
            "sha256": .string(String(repeating: "0", count: 64)),
          ]))
    }
    return try JobStatus(json: .object(members))
  }

  @Test func everyInputGetsAJobAndAnOutcome() async throws {
    let fake = FakeTransport()
    let good = try status("1", input: "plays-a.csv")
    let bad = try status("2", input: "plays-b.csv", failure: "plays-b.csv:3: bad row")
    let time = Timestamp(milliseconds: 0)
    fake.answer(Jobs.inputs) { parameters in
      #expect(parameters.prefix == "plays-")
      return InputPage(
        inputs: ["plays-a.csv", "plays-b.csv", "plays-c.csv"].map {
          InputPage.Input(name: $0, bytes: 1, modifiedAt: time)
        }, nextPageToken: nil)
    }
    fake.answer(Jobs.submit) { parameters in
      switch parameters.spec.input {
      case "plays-a.csv": good
      case "plays-b.csv": bad
      default: throw RPCError(.failedPrecondition, reason: "OUTPUT_RESERVED", "Another job writes it.")
      }
    }
    fake.answer(Jobs.watch) { parameters in
      #expect(parameters.jobIDs == ["1", "2"])
      return FakeStream(events: [], result: JobPage(jobs: [good, bad], nextPageToken: nil))
    }
    fake.answer(download: "/results/1", with: Array("Song,Sum\nx,1\n".utf8))
    let outcomes = try await NightlySums(client: TallyClient(transport: fake), prefix: "plays-", night: "n").run()
    #expect(
      outcomes == [
        NightlySums.Outcome(input: "plays-a.csv", text: "2 rows: Song,Sum", isGood: true),
        NightlySums.Outcome(input: "plays-b.csv", text: "plays-b.csv:3: bad row", isGood: false),
        NightlySums.Outcome(input: "plays-c.csv", text: "Another job writes it.", isGood: false),
      ])
    #expect(
      fake.received.filter { $0.method == "submitJob" }.map { $0.parameters["idempotencyKey"] } == [
        "n plays-a.csv", "n plays-b.csv", "n plays-c.csv",
      ])
  }
}
