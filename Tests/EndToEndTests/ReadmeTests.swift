import Foundation
import TallySchema
import TestSupport
import Testing

/// The README's own lines, run as they stand against a real server.
@Suite(.timeLimit(.minutes(3))) struct ReadmeTests {
  /// Every `curl` line of every shell block, in order. `$JOB` is the ID that the first submission gave.
  @Test func everyCurlLineWorks() async throws {
    let server = try await ServerProcess()
    let readme = try String(contentsOfFile: Programs.root + "/README.md", encoding: .utf8)
    let lines = readme.replacing("\\\n", with: " ").split(separator: "\n").map(String.init).filter {
      $0.hasPrefix("curl ")
    }
    #expect(lines.count >= 4, "the README has curl lines")
    var job = ""
    for line in lines {
      let command = line.replacing("127.0.0.1:8000", with: "127.0.0.1:\(server.port)").replacing("$JOB", with: job)
      let outcome = try await Programs.run(
        "/bin/bash", ["-c", "set -o pipefail; cd '\(Programs.root)'; " + command])
      #expect(outcome.exitCode == 0, "\(line): \(outcome.errors)")
      #expect(!outcome.output.contains(#""error""#), "\(line): \(outcome.output)")
      if let id = outcome.output.firstMatch(of: /"jobId":"([0-9a-f-]{36})"/)?.1, job.isEmpty {
        job = String(id)
        _ = try await server.wait(job) { $0.state.isFinal && $0.published }
      }
    }
    #expect(!job.isEmpty, "one of them submits")
  }
}
