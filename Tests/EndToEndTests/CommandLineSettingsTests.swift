import Foundation
import TallySchema
import TestSupport
import Testing

/// Where the client's settings come from, and the commands that are for its user.
@Suite(.timeLimit(.minutes(3))) struct CommandLineSettingsTests {
  private let server: ServerProcess

  init() async throws {
    server = try await ServerProcess()
    try server.write(ServerProcess.example, as: "plays.csv")
  }

  private func file(_ text: String) throws -> String {
    let path = server.place.path + "/client.env"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func list(_ words: [String] = [], _ environment: [String: String]) async throws -> Int32 {
    try await Programs.run("rpc-client", ["list"] + words, environment: environment).exitCode
  }

  @Test func optionGoesBeforeEnvironmentBeforeFileBeforeDefault() async throws {
    let (right, wrong) = (server.url, "http://127.0.0.1:9")
    let rightFile = try file("# here\r\nTALLY_SERVER = \"\(right)\"\r\nTALLY_RETRY=0\r\n")
    #expect(try await list([], ["TALLY_CONFIG": rightFile]) == 0)
    #expect(try await list([], ["TALLY_CONFIG": rightFile, "TALLY_SERVER": wrong]) == 78)
    #expect(try await list(["--server", right], ["TALLY_CONFIG": rightFile, "TALLY_SERVER": wrong]) == 0)
    let home = server.place.path + "/home"
    try FileManager.default.createDirectory(atPath: home + "/.config/tally", withIntermediateDirectories: true)
    try "TALLY_SERVER=\(right)\n".write(
      toFile: home + "/.config/tally/client.env", atomically: true, encoding: .utf8)
    #expect(try await list([], ["HOME": home, "XDG_CONFIG_HOME": ""]) == 0)
    #expect(try await list([], ["HOME": "/none", "XDG_CONFIG_HOME": home + "/.config"]) == 0)
  }

  @Test func aMistakeInASettingNamesItsPlace() async throws {
    for (text, expected) in [
      ("\nTALLY_SEVER=x\n", "line 2: there is no setting 'TALLY_SEVER'. Did you mean TALLY_SERVER?"),
      ("nonsense", "line 1: 'nonsense' is no setting"), ("TALLY_TIMEOUT=soon\n", "TALLY_TIMEOUT in '"),
      ("TALLY_RETRY=many\n", "takes a number from 0 to 100"), ("TALLY_COLOR=red\n", "auto, always or never"),
    ] {
      let outcome = try await Programs.run("rpc-client", ["list"], environment: ["TALLY_CONFIG": try file(text)])
      #expect(outcome.exitCode == 64 && outcome.errors.contains(expected), "\(outcome.errors)")
    }
    let missing = try await Programs.run("rpc-client", ["list"], environment: ["TALLY_CONFIG": "/none/such"])
    #expect(missing.exitCode == 64 && missing.errors.contains("/none/such"))
    let option = try await server.client("list", "--timeout", "soon")
    #expect(option.exitCode == 64 && option.errors.contains("--timeout takes a duration"))
  }

  @Test func theDoctorSaysWhatIsWrong() async throws {
    let well = try await server.client("doctor", "--json")
    let findings = try #require(try JSONValue(parsing: well.output).array)
    #expect(well.exitCode == 0 && findings.allSatisfy { $0["ok"] == .bool(true) }, "\(well.output)")
    #expect(findings.compactMap { $0["check"]?.string } == ["server", "version", "token", "clock", "speed"])
    #expect(try await server.client("doctor", "--server", "http://127.0.0.1:9").exitCode == 78)
    let second = try await server.client("doctor", "--server", "http://127.0.0.1:9, \(server.url)")
    #expect(second.exitCode == 78 && second.output.contains("\(server.url) answers"), "each is asked by itself")
    let guarded = try await ServerProcess(["--token", "right"])
    let refused = try await guarded.client("doctor", "--token", "wrong")
    #expect(refused.exitCode == 80 && refused.output.contains("TALLY_TOKEN"), "\(refused.output)")
    #expect(try await guarded.client("doctor", "--token", "right").exitCode == 0)
  }

  @Test func aPreviewIsATable() async throws {
    let job = try await run("p.csv")
    let preview = try await server.client("result", job, "--preview")
    #expect(
      preview.output
        == """
        Song        Date        Total Number of Plays for Date
        In The End  2020-01-01  1500
        In The End  2020-01-02  500
        Umbrella    2020-01-01  150
        Umbrella    2020-01-02  250

        """)
    #expect(preview.errors.isEmpty)
    #expect(try await server.client("result", job, "-o", "-").output == ServerProcess.answer)
    #expect(try await server.client("result", job, "--preview", "-o", "x").exitCode == 64)
  }

  @Test func aFileIsWrittenWholeAndWhereItStands() async throws {
    let job = try await run("w.csv")
    let place = server.place.path
    try FileManager.default.createDirectory(atPath: place + "/there", withIntermediateDirectories: true)
    try "old".write(toFile: place + "/there/x.csv", atomically: true, encoding: .utf8)
    try FileManager.default.createSymbolicLink(atPath: place + "/x.csv", withDestinationPath: place + "/there/x.csv")
    let summary = try await server.client("result", job, "-o", place + "/x.csv", "--json")
    #expect(summary.exitCode == 0)
    #expect(try JSONValue(parsing: summary.output)["rows"]?.integer == 4)
    #expect(try server.place.read("there/x.csv") == Array(ServerProcess.answer.utf8), "behind the link")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: place + "/x.csv") == place + "/there/x.csv")
    #expect(try FileManager.default.contentsOfDirectory(atPath: place + "/there") == ["x.csv"])
    let device = try await server.client("result", job, "-o", "/dev/null")
    #expect(device.exitCode == 0)
    let attributes = try FileManager.default.attributesOfItem(atPath: "/dev/null")
    #expect(attributes[.type] as? FileAttributeType == .typeCharacterSpecial, "a device stays one")
    let nowhere = try await server.client("result", job, "-o", place + "/none/x.csv")
    #expect(nowhere.exitCode == 74 && nowhere.errors.contains("/none/x.csv"))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place + "/there/x.csv")
    #expect(try await server.client("result", job, "-o", place + "/there/x.csv").exitCode == 0)
    let mode = try FileManager.default.attributesOfItem(atPath: place + "/there/x.csv")[.posixPermissions] as? Int
    #expect(mode == 0o600, "who could read it before can read it now")
    let long = place + "/" + String(repeating: "n", count: 255)
    #expect(try await server.client("result", job, "-o", long).exitCode == 0)
    #expect(try String(contentsOfFile: long, encoding: .utf8) == ServerProcess.answer)
  }

  @Test func severalJobsAreFollowedOnOneConnection() async throws {
    let good = try await run("a.csv")
    let bad = try await server.client("submit", "plays.csv", "-o", "b.csv", "--group-by", "None").output
      .trimmingCharacters(in: .newlines)
    let watched = try await server.client("watch", good, bad)
    #expect(watched.exitCode == 1, "one has failed")
    #expect(watched.errors.contains("\(good) succeeded in ") && watched.errors.contains("\(bad) failed after "))
    let waited = try await server.client("wait", good, String(good.prefix(30)), "--json")
    #expect(waited.exitCode == 0 && waited.output.split(separator: "\n").count == 1, "named twice, it is one job")
    #expect(try await server.client("wait").exitCode == 64)
  }

  private func run(_ output: String) async throws -> String {
    try await server.client("run", "plays.csv", "-o", output, "--quiet").output.trimmingCharacters(in: .newlines)
  }
}
