import Foundation
import RPCClient
import Synchronization
import TallySchema
import TestSupport
import Testing

/// A real server with folders of its own, which can be killed and started again.
final class ServerProcess: Sendable {
  let place: TestFolder
  private let process = Mutex<Process?>(nil)
  private let log: Capture
  private let portNumber = Atomic(0)

  var port: Int { portNumber.load(ordering: .relaxed) }
  var url: String { "http://127.0.0.1:\(port)" }
  var logText: String { log.text }

  init(_ arguments: [String] = []) async throws {
    place = try TestFolder()
    log = try Capture()
    try FileManager.default.createDirectory(atPath: place.path + "/data", withIntermediateDirectories: true)
    try await start(arguments)
  }

  deinit { process.withLock { $0?.terminate() } }

  static let example =
    "Song,Date,Number of Plays\nUmbrella,2020-01-02,200\nUmbrella,2020-01-01,100\nIn The End,2020-01-01,500\n"
    + "Umbrella,2020-01-01,50\nIn The End,2020-01-01,1000\nUmbrella,2020-01-02,50\nIn The End,2020-01-02,500"
  static let answer =
    "Song,Date,Total Number of Plays for Date\nIn The End,2020-01-01,1500\nIn The End,2020-01-02,500\n"
    + "Umbrella,2020-01-01,150\nUmbrella,2020-01-02,250\n"

  func write(_ text: String, as name: String) throws { _ = try place.write(Array(text.utf8), as: "data/" + name) }
  func read(_ name: String) throws -> String { String(decoding: try place.read("data/" + name), as: UTF8.self) }

  /// A file whose job takes some seconds, and the answer that it must get.
  func writeBig(_ name: String, rows: Int = 400_000) throws -> String {
    var text = "k,n\n"
    for row in 0..<rows { text += "key-\(row % 50_000),1\n" }
    try write(text, as: name)
    let keys = (0..<min(50_000, rows)).map { "key-\($0)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return "k,sum(n)\n" + keys.map { "\($0),\(rows / 50_000)\n" }.joined()
  }

  /// Starts the server, on the port that it had.
  func start(_ arguments: [String] = []) async throws {
    let process = Programs.process(
      Programs.folder + "/rpc-server",
      ["serve", "--port", String(port), "--data", place.path + "/data", "--state", place.path + "/state"] + arguments)
    process.standardError = log.writer
    process.currentDirectoryURL = URL(fileURLWithPath: place.path)
    let seen = log.text.count
    try process.run()
    self.process.withLock { $0 = process }
    for _ in 0..<1_000 {
      let text = String(log.text.dropFirst(seen))
      if let match = text.firstMatch(of: /listening on https?:\/\/127\.0\.0\.1:([0-9]+)/), let port = Int(match.1) {
        portNumber.store(port, ordering: .relaxed)
        return
      }
      if !process.isRunning { throw NotStarted(description: text) }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw NotStarted(description: log.text)
  }

  struct NotStarted: Error, CustomStringConvertible { var description: String }

  /// `kill -9`.
  func killNow() async throws { try await stop(SIGKILL) }

  /// - Returns: the exit code.
  @discardableResult
  func stop(_ signal: Int32 = SIGTERM) async throws -> Int32 {
    let running = process.withLock { $0.take() }
    guard let process = running else { return 0 }
    kill(process.processIdentifier, signal)
    while process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
    return process.terminationStatus
  }

  func client(_ arguments: String...) async throws -> Programs.Outcome { try await client(arguments) }

  func client(_ arguments: [String]) async throws -> Programs.Outcome {
    try await Programs.run("rpc-client", arguments, environment: ["TALLY_SERVER": url])
  }

  /// Runs `curl`, and returns what it printed.
  func curl(_ arguments: String...) async throws -> String {
    try await Programs.run("/usr/bin/curl", ["-sS", "--max-time", "60"] + arguments).output
  }

  func call(_ method: String, _ parameters: String) async throws -> JSONValue {
    let body = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(parameters)}"#
    return try JSONValue(parsing: try await curl("--json", body, url + "/rpc"))
  }

  func isUnfinished(_ job: String) async throws -> Bool { try await !wait(job) { _ in true }.state.isFinal }

  /// Waits until a job's status is as wanted.
  func wait(_ job: String, until condition: (JobStatus) -> Bool) async throws -> JobStatus {
    while true {
      let reply = try await call("getStatus", #"{"jobId":"\#(job)"}"#)
      let status = try JobStatus(json: try #require(reply["result"]))
      if condition(status) { return status }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
