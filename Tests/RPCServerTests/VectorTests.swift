import Foundation
import TallySchema
import TestSupport
import Testing

@testable import RPCServer

/// The golden exchanges of `clients/vectors` that speak of JSON-RPC alone, in this process. Over sockets they are run, all
/// of them, by `Tests/vectors/run.py`.
@Suite(.timeLimit(.minutes(2))) struct VectorTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("clients/vectors").path

  @Test func everyVectorOfJSONRPCAloneHolds() async throws {
    let service = try InProcessService()
    let variables = try await prepare(service)
    var count = 0
    for file in ["ids", "parse", "envelope", "batch", "params", "jobs"] {
      let text = try String(contentsOfFile: "\(Self.folder)/\(file).json", encoding: .utf8)
      for vector in try #require(JSONValue(parsing: filled(text, variables)).array) {
        guard vector["request"]?["headers"] == nil else { continue }
        try await check(vector, service)
        count += 1
      }
    }
    #expect(count > 180, "\(count) vectors were run")
    await service.stop()
  }

  private func check(_ vector: JSONValue, _ service: InProcessService) async throws {
    let name = Comment(rawValue: vector["name"]?.string ?? "?")
    let request = try #require(vector["request"])
    let expected = try #require(vector["response"])
    let body = try request["bodyHex"]?.string.map(VectorMatching.bytes) ?? Array(#require(request["body"]?.string).utf8)
    let answer = await service.answer(body)
    #expect((answer == nil) == (expected["status"] == 204), name)
    guard let answer else { return }
    if let id = expected["id"]?.string { #expect(answer.contains("\"id\":\(id),"), name) }
    if let json = expected["json"] {
      let problem = VectorMatching.difference(json, try JSONValue(parsing: answer), "body")
      #expect(problem == nil, name)
    }
  }

  /// The same jobs as the vectors' README asks for.
  private func prepare(_ service: InProcessService) async throws -> [String: String] {
    let example = try Data(contentsOf: URL(fileURLWithPath: Self.folder + "/../../Examples/plays.csv"))
    _ = try service.place.write(example, as: "data/plays.csv")
    try FileManager.default.createDirectory(
      atPath: service.place.path + "/data/folder", withIntermediateDirectories: true)
    func submit(_ output: String, _ more: [JSONMember]) async throws -> String {
      let parameters: JSONValue = .object(
        [JSONMember("input", "plays.csv"), JSONMember("output", .string(output))] + more)
      let id = try #require(try await service.call("submitJob", parameters)["jobId"]?.string)
      if more.contains(where: { $0.name == "startAt" }) { return id }
      _ = try await service.call("streamProgress", ["jobId": .string(id), "waitMs": 20_000])
      return id
    }
    let later = JSONMember("startAt", "2999-01-01T00:00:00Z")
    var variables = ["succeeded": try await submit("sums.csv", [JSONMember("idempotencyKey", "vector-key")])]
    variables["failed"] = try await submit("failed.csv", [JSONMember("groupBy", ["None"])])
    variables["waiting"] = try await submit("waiting.csv", [later])
    try await Task.sleep(for: .milliseconds(5))
    let cancelled = try await submit("cancelled.csv", [later])
    _ = try await service.call("cancelJob", ["jobId": .string(cancelled)])
    variables["cancelled"] = cancelled
    return variables
  }

  private func filled(_ text: String, _ variables: [String: String]) -> String {
    variables.reduce(text) { $0.replacing("${\($1.key)}", with: $1.value) }
  }

  /// The check itself fails for what is wrong.
  @Test func aDifferenceIsFound() throws {
    #expect(VectorMatching.difference(["a": 1], ["a": 2], "x") != nil)
    #expect(VectorMatching.difference(["a": 1], ["b": 1], "x") != nil)
    #expect(VectorMatching.difference([1, 2], [1], "x") != nil)
    #expect(VectorMatching.difference("<integer>", "1", "x") != nil)
    #expect(VectorMatching.difference(["a": ["<string>"]], ["a": ["s"], "b": 1], "x") == nil)
  }
}
