import Foundation
import Synchronization
import Testing

/// What stands between client and server in a test: `Support/relay.py`.
final class Relay: Sendable {
  private let process: Mutex<Process>
  private let said: Capture
  let port: Int

  init(_ arguments: String...) async throws {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Support/relay.py"
    let process = Programs.process("/usr/bin/python3", [script] + arguments)
    let said = try Capture()
    process.standardOutput = said.writer
    process.standardError = FileHandle.nullDevice
    try process.run()
    for _ in 0..<1_000 where !said.text.contains("\n") { try await Task.sleep(for: .milliseconds(10)) }
    port = try #require(said.text.split(separator: "\n").first.flatMap { Int($0) })
    self.said = said
    self.process = Mutex(process)
  }

  deinit { process.withLock { _ = kill($0.processIdentifier, SIGKILL) } }

  /// Ends it, and returns when it has ended: a `Process` that is let go before may take the end of another for its own.
  func stop() async throws {
    process.withLock { _ = kill($0.processIdentifier, SIGKILL) }
    while process.withLock({ $0.isRunning }) { try await Task.sleep(for: .milliseconds(10)) }
  }

  /// What it has said, but for its port.
  var lines: [String] { said.text.split(separator: "\n").dropFirst().map(String.init) }
}

/// A certificate of `localhost` that it has signed itself, with its key, in one PEM file.
struct Certificate {
  let path: String

  init(in folder: String) async throws {
    path = folder + "/localhost.pem"
    let made = try await Programs.run(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path + ".key", "-out", path + ".cert", "-days",
        "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
      ])
    try #require(made.exitCode == 0, "\(made.errors)")
    let both =
      try String(contentsOfFile: path + ".cert", encoding: .utf8)
      + String(contentsOfFile: path + ".key", encoding: .utf8)
    try both.write(toFile: path, atomically: true, encoding: .utf8)
  }

  /// As `pinnedPublicKey` has it.
  func pin() async throws -> String {
    let command =
      "openssl x509 -in \(path) -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64"
    let made = try await Programs.run("/bin/sh", ["-c", command])
    return "sha256//" + made.output.trimmingCharacters(in: .newlines)
  }
}
