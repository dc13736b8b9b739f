import Foundation
import Synchronization
import TallySchema
import TestSupport
import Testing

@testable import RPCClient

/// Every vector of `clients/vectors` through the client's own transport, against a real server.
@Suite(.timeLimit(.minutes(3))) struct ClientVectorTests {
  @Test func everyVectorHolds() async throws {
    let place = try await VectorServer()
    let vectors = try #require(JSONValue(parsing: place.vectors).array)
    #expect(vectors.count > 300, "\(vectors.count) vectors were found")
    let loop = CurlLoop()
    for vector in vectors {
      let problem = try await problem(vector, place.url, loop)
      let name = "\(vector["file"]?.string ?? ""): \(vector["name"]?.string ?? "")"
      #expect(problem == nil, "\(name)")
    }
    await loop.shutdown()
  }

  private func problem(_ vector: JSONValue, _ server: String, _ loop: CurlLoop) async throws -> String? {
    let request = try #require(vector["request"])
    let expected = try #require(vector["response"])
    var fields = ["Content-Type": "application/json", "Accept": "application/json"]
    if case .object(let members)? = request["headers"] {
      for member in members { fields[member.name] = member.value.string }
    }
    let message = HTTPRequestMessage(
      method: request["method"]?.string ?? "POST", url: server + (request["path"]?.string ?? "/rpc"),
      headers: fields.sorted { $0.key < $1.key }.map { HTTPField($0.key, $0.value) },
      body: request["bodyHex"]?.string.map(VectorMatching.bytes) ?? request["body"]?.string.map { Array($0.utf8) },
      connectMilliseconds: 5_000, totalMilliseconds: 30_000)
    let transfer = try loop.begin(message, bufferBytes: 1 << 20)
    let head = try await transfer.head()
    var body: [UInt8] = []
    while let piece = try await transfer.nextPiece() { body += piece }
    if head.status != expected["status"]?.integer.map({ Int($0) }) { return "status \(head.status)" }
    if case .object(let members)? = expected["headers"] {
      for member in members where head.headers[member.name] != member.value.string {
        return "\(member.name): \(head.headers[member.name] ?? "")"
      }
    }
    return try difference(expected, String(decoding: body, as: UTF8.self), head.headers["content-type"] ?? "")
  }

  private func difference(_ expected: JSONValue, _ body: String, _ type: String) throws -> String? {
    if let wanted = expected["body"]?.string, body != wanted { return "body \(body)" }
    if let id = expected["id"]?.string, !body.contains("\"id\":\(id),") { return "no ID \(id) in \(body.prefix(200))" }
    if let json = expected["json"],
      let problem = VectorMatching.difference(json, try JSONValue(parsing: body), "body")
    {
      return problem
    }
    guard let wanted = expected["events"]?.array else { return nil }
    let events = try events(body, type)
    if events.count != wanted.count { return "\(events.count) events, not \(wanted.count)" }
    for (wanted, event) in zip(wanted, events) {
      if let id = wanted["id"], let problem = VectorMatching.difference(id, event.id.map { .string($0) } ?? .null, "id")
      {
        return problem
      }
      if let raw = wanted["raw"]?.string, !event.data.contains(raw) { return "no \(raw) in \(event.data)" }
      if let message = wanted["message"],
        let problem = VectorMatching.difference(message, try JSONValue(parsing: event.data), "event")
      {
        return problem
      }
    }
    return nil
  }

  private func events(_ body: String, _ type: String) throws -> [(id: String?, data: String)] {
    guard type.hasPrefix("text/event-stream") else {
      return body.split(separator: "\n").map { (nil, String($0)) }
    }
    var decoder = SSEDecoder()
    var last = ""
    return try decoder.feed(Array(body.utf8)).map { event in
      // The decoder tells the last ID there was; the event's own is a new one, since cursors strictly increase.
      defer { last = event.lastEventID }
      return (event.lastEventID == last ? nil : event.lastEventID, String(decoding: event.data, as: UTF8.self))
    }
  }
}

/// A server as the vectors want it: `Tests/vectors/serve.py`.
final class VectorServer: Sendable {
  let url: String
  let vectors: String
  private let process: Mutex<Process>

  init() async throws {
    // It ends, and the servers with it, when nobody holds its standard input any more.
    let command = "printf '%s\\n%s\\n' \"$TALLY_VECTORS_SERVER\" \"$TALLY_VECTORS\"; exec cat"
    let process = Programs.process(
      "/usr/bin/python3",
      [Programs.root + "/Tests/vectors/serve.py", "--bin", Programs.folder, "/bin/sh", "-c", command])
    let said = try Capture()
    process.standardOutput = said.writer
    process.standardInput = Pipe()
    try process.run()
    for _ in 0..<3_000 where said.text.split(separator: "\n").count < 2 {
      if !process.isRunning { break }
      try await Task.sleep(for: .milliseconds(20))
    }
    let lines = said.text.split(separator: "\n").map(String.init)
    try #require(lines.count == 2, "the vectors' server didn't start")
    url = lines[0]
    vectors = try String(contentsOfFile: lines[1], encoding: .utf8)
    self.process = Mutex(process)
  }

  deinit { process.withLock { ($0.standardInput as? Pipe)?.fileHandleForWriting.closeFile() } }
}
