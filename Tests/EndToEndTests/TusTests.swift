import Foundation
import TallySchema
import TestSupport
import Testing

/// Uploads in pieces, as tus 1.0 has them, by curl and by senders that stop in the middle.
@Suite(.timeLimit(.minutes(5))) struct TusTests {
  private let server: ServerProcess

  init() async throws { server = try await ServerProcess(["--limit", "uploadBytes=3000000"]) }

  private struct Answer {
    var status: Int
    var fields: [String: String]
    var body: String
    var reason: String? { (try? JSONValue(parsing: body))?["error"]?["data"]?["reason"]?.string }
    var offset: Int? { fields["upload-offset"].flatMap { Int($0) } }
  }

  private func send(
    _ method: String, _ path: String, _ fields: [String] = [], body: String? = nil, to server: ServerProcess? = nil
  ) async throws -> Answer {
    let server = server ?? self.server
    var arguments = ["-sS", "-i", "--max-time", "60", method == "HEAD" ? "-I" : "-X\(method)"]
    if !fields.contains(where: { $0.hasPrefix("Tus-Resumable") }) { arguments += ["-H", "Tus-Resumable: 1.0.0"] }
    for field in fields { arguments += ["-H", field] }
    if let body {
      arguments += ["--data-binary", "@" + (try server.place.write(Array(body.utf8), as: "body-\(UUID())"))]
      arguments += ["-H", "Expect:"]
      if !fields.contains(where: { $0.hasPrefix("Content-Type") }) {
        arguments += ["-H", "Content-Type: application/offset+octet-stream"]
      }
    }
    let url = path.hasPrefix("http") ? path : server.url + path
    let text = try await Programs.run("/usr/bin/curl", arguments + [url]).output
    let halves = text.replacingOccurrences(of: "\r\n", with: "\n").components(separatedBy: "\n\n")
    let lines = halves[0].split(separator: "\n").map(String.init)
    var read: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      if parts.count == 2 { read[parts[0].lowercased()] = parts[1] }
    }
    return Answer(
      status: lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0, fields: read,
      body: halves.dropFirst().joined(separator: "\n\n"))
  }

  /// - Returns: the upload's path.
  private func create(_ fields: String..., body: String? = nil) async throws -> String {
    let made = try await send("POST", "/uploads", fields, body: body)
    #expect(made.status == 201 && made.fields["tus-resumable"] == "1.0.0", "\(made)")
    return "/" + (try #require(made.fields["location"]))
  }

  private func patch(_ path: String, _ offset: Int, _ body: String, _ fields: String...) async throws -> Answer {
    try await send("PATCH", path, ["Upload-Offset: \(offset)"] + fields, body: body)
  }

  /// The bytes that are stored for an upload, in its segments' order.
  private func stored(_ path: String) throws -> String {
    let folder = server.place.path + "/data/.tally" + path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      .sorted { (Int($0.split(separator: "-")[0]) ?? 0) < (Int($1.split(separator: "-")[0]) ?? 0) }
    return try files.map { try String(contentsOfFile: folder + "/" + $0, encoding: .utf8) }.joined()
  }

  @Test func anUploadIsSentInPieces() async throws {
    let path = try await create("Upload-Length: 10", "Upload-Metadata: filename eC5jc3Y=")
    #expect(path.hasPrefix("/uploads/"))
    // Beside what was asked, whatever a proxy calls that.
    let beside = try await send("POST", "/uploads/", ["Upload-Length: 1"]).fields["location"]
    #expect(beside?.contains("/") == false && beside?.utf8.count == path.utf8.count - 9)
    let first = try await patch(path, 0, "k\na\nb")
    #expect(first.status == 204 && first.offset == 5 && first.fields["upload-expires"]?.hasSuffix(" GMT") == true)
    let head = try await send("HEAD", path)
    #expect(head.status == 200 && head.offset == 5 && head.fields["upload-length"] == "10")
    #expect(head.fields["upload-metadata"] == "filename eC5jc3Y=" && head.fields["cache-control"] == "no-store")
    #expect(try await patch(path, 5, "\nc\nd\n").offset == 10)
    #expect(try stored(path) == "k\na\nb\nc\nd\n")
    let more = try await patch(path, 10, "x")
    #expect(more.status == 413 && more.reason == "BEYOND_LENGTH")
    #expect(try await send("DELETE", path).status == 204)
    #expect(try await send("HEAD", path).status == 404)
    #expect(!FileManager.default.fileExists(atPath: server.place.path + "/data/.tally" + path))
  }

  @Test func theServerTellsWhatItKnows() async throws {
    let told = try await send("OPTIONS", "/uploads", ["Tus-Resumable: 0.2.2"])
    #expect(told.status == 204 && told.fields["tus-version"] == "1.0.0" && told.fields["tus-max-size"] == "3000000")
    #expect(told.fields["tus-extension"]?.contains("concatenation-unfinished") == true)
    #expect(told.fields["tus-checksum-algorithm"] == "sha1,sha256,crc32,crc32c")
    let old = try await send("POST", "/uploads", ["Tus-Resumable: 0.2.2", "Upload-Length: 1"])
    #expect(old.status == 412 && old.fields["tus-version"] == "1.0.0" && old.reason == "UNKNOWN_TUS_VERSION")
  }

  @Test func whatIsWrongIsRefusedAndChangesNothing() async throws {
    let path = try await create("Upload-Length: 10")
    let answers = [
      (try await patch(path, 3, "abc"), 409, "WRONG_OFFSET"),
      (try await patch(path, 0, "abc", "Content-Type: text/csv"), 415, "UNSUPPORTED_MEDIA_TYPE"),
      (try await patch(path, 0, "abc", "Upload-Checksum: sha1 AZk+NkcGgWq6PiVxeFDCbJzQ2J0="), 460, "CHECKSUM_MISMATCH"),
      (try await patch(path, 0, "abc", "Upload-Checksum: md5 AAAA"), 400, "UNKNOWN_CHECKSUM"),
      (try await patch(path, 0, "abc", "Upload-Length: 11"), 400, "LENGTH_KNOWN"),
      (try await patch(path, 0, String(repeating: "x", count: 11)), 413, "BEYOND_LENGTH"),
      (try await patch("/uploads/none", 0, "abc"), 404, "UPLOAD_NOT_FOUND"),
      (try await send("POST", "/uploads", ["Upload-Length: 3000001"]), 413, "UPLOAD_TOO_LARGE"),
      (try await send("POST", "/uploads"), 400, "NO_LENGTH"),
      (try await send("POST", "/uploads", ["Upload-Concat: final;/uploads/none"]), 400, "PART_NOT_FOUND"),
      (try await send("GET", path), 405, "METHOD_NOT_ALLOWED"),
    ]
    for (answer, status, reason) in answers {
      #expect(answer.status == status && answer.reason == reason, "\(answer) instead of \(reason)")
      #expect(answer.fields["tus-resumable"] == "1.0.0")
    }
    #expect(answers[0].0.offset == 0)
    #expect(try await send("HEAD", path).offset == 0)
    #expect((try? stored(path)) ?? "" == "", "nothing is left of what was refused")
    let right = try await patch(path, 0, "abc", "Upload-Checksum: sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=")
    #expect(right.status == 204 && right.offset == 3)
  }

  @Test func theFirstBytesMayComeWithTheCreation() async throws {
    let made = try await send("POST", "/uploads", ["Upload-Defer-Length: 1"], body: "k\na\n")
    #expect(made.status == 201 && made.offset == 4)
    let path = "/" + (try #require(made.fields["location"]))
    #expect(try await send("HEAD", path).fields["upload-defer-length"] == "1")
    // A client that can't send PATCH.
    let last = try await send(
      "POST", path, ["X-HTTP-Method-Override: PATCH", "Upload-Offset: 4", "Upload-Length: 6"], body: "b\n")
    #expect(last.status == 204 && last.offset == 6)
    #expect(try await send("HEAD", path).fields["upload-length"] == "6")
  }

  @Test func partsMakeAnUpload() async throws {
    let parts = [
      try await create("Upload-Concat: partial", "Upload-Length: 4"),
      try await create("Upload-Concat: partial", "Upload-Length: 3"),
    ]
    let list = "Upload-Concat: final;\(parts[0]) \(server.url)\(parts[1])"
    let path = try await create(list)
    #expect(try await send("HEAD", path).offset == nil)
    #expect(try await patch(path, 0, "x").status == 403)
    // tus-js-client sends the field with the bytes as well.
    #expect(try await patch(parts[1], 0, "ab\n", "Upload-Concat: partial").status == 204)
    #expect(try await patch(parts[0], 0, "k\nc\n").status == 204)
    let head = try await send("HEAD", path)
    #expect(head.offset == 7 && head.fields["upload-length"] == "7")
    #expect(head.fields["upload-concat"] == "final;\(parts[0]) \(parts[1])")
    #expect(try await create(list) == path, "the same list is the same upload")
    #expect(try await send("DELETE", parts[0]).status == 204)
    #expect(try await send("HEAD", path).offset == 7, "its bytes are the final upload's")
    #expect(try await send("DELETE", path).status == 204)
    #expect(try await send("HEAD", parts[1]).offset == 3)
  }

  private func wait(_ path: String, offset: Int) async throws {
    for _ in 0..<3_000 {
      if try await send("HEAD", path).offset == offset { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("the upload didn't get to \(offset): \(try await send("HEAD", path))")
  }

  /// What came of a connection that went silent counts, and the next request takes over at once.
  @Test func whoComesAfterASilentSenderTakesOver() async throws {
    let path = try await create("Upload-Length: 2000")
    let silent = try await Relay("patching", String(server.port), path, "0", "700", "2000")
    try await wait(path, offset: 700)
    let rest = String(repeating: "y", count: 1_300)
    #expect(try await patch(path, 0, rest).offset == 700, "the offset of a refusal is final")
    let after = try await patch(path, 700, rest)
    #expect(after.status == 204 && after.offset == 2_000)
    #expect(try stored(path) == String(repeating: "x", count: 700) + rest)
    #expect(try await send("HEAD", path).offset == 2_000)
    // Who was taken over from is told, though it sends nothing.
    for _ in 0..<3_000 where silent.lines.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    #expect(silent.lines == ["HTTP/1.1 409 Conflict"])
    try await silent.stop()
  }

  /// A look at the progress disturbs no healthy sender.
  @Test func aSenderThatGoesAwayLeavesWhatItHasSent() async throws {
    let path = try await create("Upload-Length: 2000000")
    let gone = try await Relay("patching", String(server.port), path, "0", "1500000", "2000000")
    try await gone.stop()
    try await wait(path, offset: 1_500_000)
    let after = try await patch(path, 1_500_000, String(repeating: "y", count: 500_000))
    #expect(after.status == 204 && after.offset == 2_000_000)
  }

  @Test func whatWasToldIsThereAfterAKill() async throws {
    let path = try await create("Upload-Length: 2000000")
    let sending = try await Relay("patching", String(server.port), path, "0", "1500000", "2000000")
    try await wait(path, offset: 1_500_000)
    try await server.killNow()
    try await server.start(["--limit", "uploadBytes=3000000"])
    try await sending.stop()
    #expect(try await send("HEAD", path).offset == 1_500_000)
    #expect(try await patch(path, 1_500_000, String(repeating: "y", count: 500_000)).status == 204)
    #expect(
      try stored(path) == String(repeating: "x", count: 1_500_000) + String(repeating: "y", count: 500_000))
  }

  @Test func anUploadThatNothingComesForExpires() async throws {
    let hasty = try await ServerProcess(["--limit", "uploadExpiryMilliseconds=200000"])
    let made = try await send("POST", "/uploads", ["Upload-Length: 4"], to: hasty)
    let path = "/" + (try #require(made.fields["location"]))
    #expect(try await send("PATCH", path, ["Upload-Offset: 0"], body: "k\n", to: hasty).status == 204)
    // Uploads are given up at a server's start, and every minute.
    try await hasty.stop()
    try await hasty.start(["--limit", "uploadExpiryMilliseconds=1"])
    let folder = hasty.place.path + "/data/.tally" + path
    for _ in 0..<3_000 where FileManager.default.fileExists(atPath: folder) {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
    for _ in 0..<3_000 where try await send("HEAD", path, to: hasty).status == 200 {
      try await Task.sleep(for: .milliseconds(10))
    }
    // It is remembered as long again, which is no time here.
    #expect([410, 404].contains(try await send("HEAD", path, to: hasty).status))
    #expect([410, 404].contains(try await send("PATCH", path, ["Upload-Offset: 2"], body: "k\n", to: hasty).status))
  }

  // MARK: Jobs that read uploads

  private func submit(_ id: String, _ output: String) async throws -> JSONValue {
    try await server.call("submitJob", #"{"input":"upload:\#(id)","output":"\#(output)"}"#)
  }

  /// A job is submitted while its input is still on its way, and runs when all of it is there.
  @Test func aJobWaitsForItsUpload() async throws {
    let text = ServerProcess.example
    let path = try await create("Upload-Length: \(text.utf8.count)", "Upload-Metadata: filename cGxheXMuY3N2")
    let id = String(path.split(separator: "/")[1])
    let job = try #require(try await submit(id, "sums.csv")["result"]?["jobId"]?.string)
    #expect(try await server.wait(job) { _ in true }.state == .waiting)
    let early = try await server.call("describeInput", #"{"input":"upload:\#(id)"}"#)
    #expect(early["error"]?["data"]?["reason"] == "UPLOAD_INCOMPLETE", "\(early.text)")
    let pinned = try await send("DELETE", path)
    #expect(pinned.status == 409 && pinned.reason == "UPLOAD_IN_USE")
    let middle = text.index(text.startIndex, offsetBy: 50)
    #expect(try await patch(path, 0, String(text[..<middle])).status == 204)
    #expect(try await patch(path, 50, String(text[middle...])).status == 204)
    let ended = try await server.wait(job) { $0.state.isFinal }
    #expect(ended.state == .succeeded && ended.input == "upload:\(id)", "\(ended)")
    #expect(try server.read("sums.csv") == ServerProcess.answer)
    let described = try await server.call("describeInput", #"{"input":"upload:\#(id)"}"#)
    #expect(described["result"]?["bytes"] == .number(text.utf8.count), "\(described.text)")
    #expect(try await send("DELETE", path).status == 204)
    let gone = try await submit(id, "again.csv")
    #expect(gone["error"]?["data"]?["reason"] == "INPUT_NOT_FOUND", "\(gone.text)")
  }

  /// The parts of a final upload, cut anywhere, are one text; files and uploads are read in the job's order.
  @Test func aRopeIsReadAsOneFile() async throws {
    let rows = (0..<2_000).map { "\($0 % 7),\($0)\n" }
    let text = "k,n\n" + rows.joined()
    let cuts = [0, 1, 3, 4, 1_000, 1_001, 7_000, text.utf8.count]
    var parts: [String] = []
    for (from, to) in zip(cuts, cuts.dropFirst()) {
      let piece = String(decoding: Array(text.utf8)[from..<to], as: UTF8.self)
      parts.append(try await create("Upload-Concat: partial", "Upload-Length: \(to - from)", body: piece))
    }
    let path = try await create("Upload-Concat: final;" + parts.joined(separator: " "))
    let id = String(path.split(separator: "/")[1])
    try server.write(text, as: "same.csv")
    let question = ["--group-by", "k", "--sum", "n", "--count", "n", "-o", "-"]
    let expected = try await server.client(["run", "same.csv"] + question)
    let answer = try await server.client(["run", "upload:\(id)"] + question)
    #expect(answer.output == expected.output && answer.exitCode == 0, "\(answer.errors)")
    let both = try await server.client([
      "run", "upload:\(id)", "--also", "same.csv", "--group-by", "k", "--count", "n", "-o", "-",
    ])
    #expect(both.output.contains("0,572\n"), "\(both.output)\(both.errors)")
  }

  /// What is named like an upload and is a file.
  @Test func aFileMayBeNamedLikeAReference() async throws {
    try server.write(ServerProcess.example, as: "upload:x.csv")
    let refused = try await server.client("run", "upload:x.csv", "-o", "-")
    #expect(refused.exitCode != 0 && refused.errors.contains("file:"), "\(refused.errors)")
    let answer = try await server.client("run", "file:upload:x.csv", "-o", "-")
    #expect(answer.output == ServerProcess.answer, "\(answer.errors)")
    let listed = try await server.client("inputs")
    #expect(listed.output.contains("file:upload:x.csv"), "\(listed.output)")
    let matched = try await server.client("run", "up*.csv", "-o", "-")
    #expect(matched.output == ServerProcess.answer, "\(matched.errors)")
    let named = try await server.client("run", "file:upload:x.csv", "-o", "upload:y.csv")
    #expect(named.exitCode != 0 && named.errors.contains("must not begin with"), "\(named.errors)")
  }
}
