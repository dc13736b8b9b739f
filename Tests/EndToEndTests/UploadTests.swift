import Foundation
import RPCClient
import TallySchema
import TestSupport
import Testing

/// Files that are brought in: `PUT /files/NAME` by curl, and `rpc-client upload`.
@Suite(.timeLimit(.minutes(5))) struct UploadTests {
  private let server: ServerProcess

  init() async throws {
    server = try await ServerProcess(["--limit", "uploadBytes=3000000", "--limit", "uploads=2"])
  }

  private func local(_ text: String, _ name: String = "local.csv") throws -> String {
    try server.place.write(Array(text.utf8), as: name)
  }

  private func put(_ path: String, as name: String, _ fields: String...) async throws -> (status: Int, body: JSONValue)
  {
    let text = try await Programs.run(
      "/usr/bin/curl",
      ["-sS", "--max-time", "60", "-T", path, "-w", "\n%{http_code}"] + fields.flatMap { ["-H", $0] }
        + [server.url + "/files/" + name]
    ).output
    let lines = text.split(separator: "\n").map(String.init)
    return (Int(lines.last ?? "") ?? 0, try JSONValue(parsing: lines.first ?? ""))
  }

  private func reason(_ answer: (status: Int, body: JSONValue)) -> String? {
    answer.body["error"]?["data"]?["reason"]?.string
  }

  private var left: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: server.place.path + "/data/.tally/uploads")) ?? []
  }

  @Test func aFileIsBroughtInAndAskedAbout() async throws {
    let path = try local(ServerProcess.example)
    let made = try await put(path, as: "2026/my%20plays.csv")
    #expect(made.status == 201 && made.body["name"] == "2026/my plays.csv", "\(made.body.text)")
    #expect(made.body["bytes"] == .number(ServerProcess.example.utf8.count) && made.body["replaced"] == false)
    let answer = try await server.client("run", "2026/my plays.csv", "-o", "-")
    #expect(answer.output == ServerProcess.answer && answer.exitCode == 0)
    #expect(left.isEmpty)
  }

  @Test func nothingIsReplacedUnasked() async throws {
    let (first, second) = (try local("k\na\n", "1"), try local("k\nb\n", "2"))
    #expect(try await put(first, as: "x.csv").status == 201)
    let refused = try await put(second, as: "x.csv")
    #expect(refused.status == 412 && reason(refused) == "FILE_EXISTS")
    #expect(try server.read("x.csv") == "k\na\n")
    let changed = try await put(second, as: "x.csv", "If-Match: \"another\"")
    #expect(changed.status == 412 && reason(changed) == "FILE_CHANGED")
    let absent = try await put(second, as: "y.csv", "If-Match: *")
    #expect(absent.status == 412 && reason(absent) == "FILE_CHANGED")
    let replaced = try await put(second, as: "x.csv", "If-Match: *")
    #expect(replaced.status == 200 && replaced.body["replaced"] == true)
    #expect(try server.read("x.csv") == "k\nb\n")
    #expect(left.isEmpty)
  }

  @Test func aDigestIsChecked() async throws {
    let path = try local("k\na\n")
    let command = "openssl dgst -sha256 -binary \(path) | base64"
    let digest = try await Programs.run("/bin/sh", ["-c", command]).output.trimmingCharacters(in: .newlines)
    #expect(try await put(path, as: "right.csv", "Repr-Digest: sha-256=:\(digest):").status == 201)
    let other = try local("k\nb\n", "other")
    let wrong = try await put(other, as: "wrong.csv", "Content-Digest: sha-256=:\(digest):")
    #expect(wrong.status == 400 && reason(wrong) == "DIGEST_MISMATCH")
    let unknown = try await put(path, as: "wrong.csv", "Repr-Digest: md5=:AAAA:")
    #expect(unknown.status == 400 && reason(unknown) == "UNKNOWN_DIGEST")
    #expect(throws: (any Error).self) { try server.read("wrong.csv") }
    #expect(left.isEmpty)
  }

  @Test(arguments: [
    ("../x", 400, "INVALID_NAME"), (".tally/x", 400, "INVALID_NAME"), ("a*b", 400, "INVALID_NAME"),
    ("%ff", 400, "INVALID_NAME"), ("a//b", 400, "INVALID_NAME"), ("a%00b", 400, "INVALID_NAME"),
  ])
  func aNameThatIsNoneIsRefused(name: String, status: Int, expected: String) async throws {
    let path = try local("k\n")
    let answer = try await Programs.run(
      "/usr/bin/curl",
      ["-sS", "--path-as-is", "-T", path, "-w", "\n%{http_code}", server.url + "/files/" + name]
    ).output
    #expect(answer.hasSuffix("\n\(status)") && answer.contains(expected), "\(answer)")
  }

  @Test func whatIsTooLargeIsRefusedBeforeItsFirstByte() async throws {
    let path = try local(String(repeating: "x", count: 3_000_001), "large")
    let told = try await put(path, as: "large.csv")
    #expect(told.status == 413 && reason(told) == "UPLOAD_TOO_LARGE")
    // Without a length it is found out on the way.
    let chunked = try await put(path, as: "large.csv", "Transfer-Encoding: chunked")
    #expect(chunked.status == 413 && reason(chunked) == "UPLOAD_TOO_LARGE")
    let verbose = try await Programs.run(
      "/usr/bin/curl", ["-sS", "-v", "-T", path, server.url + "/files/large.csv"])
    #expect(verbose.errors.contains("< HTTP/1.1 413") && !verbose.errors.contains("100 Continue"))
    #expect(left.isEmpty)
  }

  /// An unfinished job's names aren't given to other files.
  @Test func aNameThatAJobUsesIsKept() async throws {
    try server.write(ServerProcess.example, as: "read.csv")
    let later = #""startAt":"2999-01-01T00:00:00Z""#
    _ = try await server.call("submitJob", #"{"input":"read.csv","output":"written.csv",\#(later)}"#)
    _ = try await server.call("submitJob", #"{"input":"read*.csv","output":"other.csv",\#(later)}"#)
    let path = try local("k\n")
    for (name, expected) in [("read.csv", "OUTPUT_IS_INPUT"), ("written.csv", "OUTPUT_RESERVED")] {
      let answer = try await put(path, as: name, name == "read.csv" ? "If-Match: *" : "X: y")
      #expect(answer.status == 409 && reason(answer) == expected, "\(name): \(answer.body.text)")
    }
    #expect(try server.read("read.csv") == ServerProcess.example)
  }

  private func waitForStaged(_ condition: ([String]) -> Bool) async throws {
    for _ in 0..<6_000 where !condition(left) { try await Task.sleep(for: .milliseconds(10)) }
    try #require(condition(left), "\(left)")
  }

  /// A sender that stops is left, and one that goes away leaves nothing.
  @Test func aSenderThatStopsIsLeft() async throws {
    let impatient = try await ServerProcess(["--limit", "uploadIdleMilliseconds=1500"])
    let stopped = try await Programs.run(
      "/bin/sh",
      ["-c", "(printf 'k\\na\\n'; sleep 20) | curl -sS -N -T - -w '%{http_code}' \(impatient.url)/files/slow.csv"])
    #expect(stopped.output.contains("REQUEST_TIMEOUT") && stopped.output.hasSuffix("408"), "\(stopped.output)")
    #expect(throws: (any Error).self) { try impatient.read("slow.csv") }
    let command =
      "echo k; sleep 20) | '\(Programs.folder)/rpc-client' --server \(impatient.url) upload - --as late.csv; echo $?"
    let late = try await Programs.run("/bin/sh", ["-c", "(" + command])
    #expect(late.errors.contains("uploadIdleMilliseconds") && late.output.contains("68"), "\(late.errors)")
    let gone = try await Relay("holding", String(server.port), "gone.csv", "5")
    try await waitForStaged { $0.count == 1 }
    try await gone.stop()
    try await waitForStaged(\.isEmpty)
    #expect(throws: (any Error).self) { try server.read("gone.csv") }
  }

  @Test func onlySoManyAreSentAtOnce() async throws {
    let held = [
      try await Relay("holding", String(server.port), "held1", "5"),
      try await Relay("holding", String(server.port), "held2", "5"),
    ]
    try await waitForStaged { $0.count == 2 }
    let refused = try await put(try local("k\n"), as: "third.csv")
    #expect(refused.status == 429 && reason(refused) == "TOO_MANY_UPLOADS")
    for sender in held { try await sender.stop() }
    try await waitForStaged(\.isEmpty)
    #expect(try await put(try local("k\n"), as: "third.csv").status == 201)
  }

  /// What a killed server had of a file is shown under no name, and goes with time.
  @Test func aKilledServerShowsNoPart() async throws {
    let sending = try await Relay("holding", String(server.port), "cut.bin", "1500000")
    try await waitForStaged { $0.count == 1 }
    try await server.killNow()
    try await server.start()
    try await sending.stop()
    #expect(throws: (any Error).self) { try server.read("cut.bin") }
    #expect(left.count == 1, "it may be another server's, which is still writing")
    #expect(try await put(try local("k\n"), as: "cut.bin").status == 201)
  }

  /// Answers and rejected rows go out, also compressed, and what has gone out can come in again.
  @Test func whatGoesOutComesInAgain() async throws {
    try server.write("k,n\na,1\nb,x\na,2\n", as: "in.csv")
    let job = try await server.client(
      "run", "in.csv", "-o", "Übersicht.csv", "--group-by", "k", "--sum", "n", "--on-bad-row", "collect", "--quiet"
    ).output.trimmingCharacters(in: .newlines)
    let answer = "k,sum(n)\na,3\n"
    let head = try await server.curl("-I", server.url + "/results/" + job)
    #expect(head.contains("filename*=UTF-8''%C3%9Cbersicht.csv"), "\(head)")
    let rejects = try await server.curl("-i", server.url + "/results/\(job)/rejects")
    #expect(rejects.contains("HTTP/1.1 200") && rejects.contains("b,x") && rejects.lowercased().contains("etag:"))
    #expect(try await server.curl(server.url + "/results/\(job)/other").contains("NO_SUCH_PATH"))
    let zipped = try await Programs.run("/bin/sh", ["-c", "curl -sS '\(server.url)/results/\(job)?as=gzip' | gunzip"])
    #expect(zipped.output == answer)
    for (form, suffix) in [("gzip", "gz"), ("zstd", "zst")] {
      let path = server.place.path + "/again.csv." + suffix
      let fields = try await server.curl("-D", "-", "-o", path, "\(server.url)/results/\(job)?as=\(form)")
      #expect(fields.contains("application/\(form)") && fields.contains("csv.\(suffix)"), "\(fields)")
      #expect(try await put(path, as: "again.csv." + suffix).status == 201)
      let again = try await server.client(
        "run", "again.csv." + suffix, "-o", "-", "--group-by", "k", "--sum", "sum(n)=sum(n)")
      #expect(again.output == answer, "\(again.errors)")
    }
    let unknown = try await server.curl("\(server.url)/results/\(job)?as=br")
    #expect(unknown.contains("UNKNOWN_FORM"))
    let plain = try await server.client(
      "run", "in.csv", "-o", "skip.csv", "--group-by", "k", "--on-bad-row", "skip", "--quiet")
    let none = try await server.curl(
      server.url + "/results/\(plain.output.trimmingCharacters(in: .newlines))/rejects")
    #expect(none.contains("NO_REJECTS"))
  }

  @Test func theCommandSendsFilesAndPipes() async throws {
    let path = try local(ServerProcess.example, "local.csv")
    let sent = try await server.client("upload", path)
    #expect(sent.output == "local.csv\n" && sent.exitCode == 0, "\(sent.errors)")
    #expect(try server.read("local.csv") == ServerProcess.example)
    let again = try await server.client("upload", path)
    #expect(again.exitCode == 73 && again.errors.contains("--replace"), "\(again.errors)")
    #expect(try await server.client("upload", path, "--replace").exitCode == 0)
    let several = try await server.client("upload", path, try local("k\n", "two.csv"), "--as", "folder", "--json")
    #expect(
      several.output.contains(#""name":"folder/local.csv""#) && several.output.contains(#""name":"folder/two.csv""#))
    let command = "printf 'k\\na\\n' | \(Programs.folder)/rpc-client --server \(server.url) upload - --as piped.csv"
    #expect(try await Programs.run("/bin/sh", ["-c", command]).exitCode == 0)
    #expect(try server.read("piped.csv") == "k\na\n")
    let absent = try await server.client("upload", "/nowhere/x.csv")
    #expect(absent.exitCode == 69 && absent.errors.contains("/nowhere/x.csv"))
    #expect(try await server.client("upload", "-").exitCode == 64, "a pipe has no name")
  }

  /// What is sent is what the file was when it was opened; and a pipe that is silent keeps nobody whose upload is refused.
  @Test func aFileThatGrowsAndAPipeThatIsSilent() async throws {
    let folder = server.place.path
    let script = """
      printf 'k\\n' > '\(folder)/grows'
      (while sleep 0.01; do echo more >> '\(folder)/grows'; done) & writer=$!
      '\(Programs.folder)/rpc-client' --server \(server.url) upload '\(folder)/grows' --as grows.csv; code=$?
      kill $writer; exit $code
      """
    let grown = try await Programs.run("/bin/sh", ["-c", script])
    #expect(grown.exitCode == 0, "\(grown.errors)")
    let system = try await server.client("upload", "/proc/version", "--as", "version.txt")
    #expect(system.exitCode == 0)
    #expect(try server.read("version.txt").contains("ersion"), "it has no size, and isn't empty")
    try server.write("k\n", as: "taken.csv")
    let silent = try await Programs.run(
      "/bin/sh",
      ["-c", "sleep 20 | '\(Programs.folder)/rpc-client' --server \(server.url) upload - --as taken.csv; true"])
    #expect(silent.errors.contains("--replace"), "\(silent.errors)")
  }

  /// Nothing is taken from the caller before the server wants it, and the caller's own error is what is thrown.
  @Test func theLibraryAsksForWhatIsWanted() async throws {
    struct Broken: Error {}
    let client = TallyClient(TallyClient.Configuration(server: server.url))
    let file = try await client.upload("library.csv", Array("k\na\n".utf8))
    #expect(file.bytes == 4 && !file.replaced && file.name == "library.csv")
    let refused = await #expect(throws: RPCClientError.self) {
      try await client.upload("library.csv", RPCUpload(bytes: 4) { throw Broken() })
    }
    #expect(refused?.status == .failedPrecondition)
    await #expect(throws: Broken.self) {
      try await client.upload("broken.csv", RPCUpload(bytes: nil) { throw Broken() })
    }
    #expect(throws: (any Error).self) { try server.read("broken.csv") }
    await client.shutdown()
    #expect(client.activeTransfers == 0)
  }

  // MARK: Files of this machine as a job's input

  private var uploads: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: server.place.path + "/data/.tally/uploads")
    }
  }

  /// A local file and one of the same name on the server are never taken for each other, and nothing stays.
  @Test func aJobReadsAFileOfThisMachine() async throws {
    try server.write("Song,Date,Number of Plays\nOther,2020-01-01,1\n", as: "plays.csv")
    let path = try local(ServerProcess.example, "plays.csv")
    let answer = try await server.client("run", path, "-o", "-")
    #expect(answer.output == ServerProcess.answer && answer.exitCode == 0, "\(answer.errors)")
    #expect(try await server.client("run", "plays.csv", "-o", "-").output.contains("Other"))
    let named = try await server.client("run", path, "-o", "sums.csv")
    #expect(try named.exitCode == 0 && server.read("sums.csv") == ServerProcess.answer, "\(named.errors)")
    #expect(try server.read("plays.csv").contains("Other"), "the server's own file is as it was")
    #expect(try uploads.isEmpty)
    let listed = try await server.client("inputs")
    #expect(!listed.output.contains("upload:"), "\(listed.output)")
  }

  @Test func aJobReadsStandardInputAndWritesStandardOutput() async throws {
    let path = try local(ServerProcess.example)
    let client = "\(Programs.folder)/rpc-client --server \(server.url)"
    let piped = try await Programs.run("/bin/sh", ["-c", "\(client) run - -o - < '\(path)'"])
    #expect(piped.output == ServerProcess.answer, "\(piped.errors)")
    let slow = "(head -c 60 '\(path)'; sleep 1; tail -c +61 '\(path)') | \(client) run - -o -"
    let trickled = try await Programs.run("/bin/sh", ["-c", slow])
    #expect(trickled.output == ServerProcess.answer, "\(trickled.errors)")
    let empty = try await Programs.run("/bin/sh", ["-c", "\(client) run - -o - < /dev/null"])
    #expect(empty.exitCode == 1 && empty.output.isEmpty, "\(empty.errors)")
    #expect(try uploads.isEmpty)
  }

  @Test func aJobMixesFilesOfBothMachines() async throws {
    try server.write("k,n\na,1\n", as: "here.csv")
    let path = try local("k,n\na,2\nb,3\n", "there.csv")
    let question = ["--group-by", "k", "--sum", "n", "--first", "n", "-o", "-"]
    let both = try await server.client(["run", "here.csv", "--also", path] + question)
    #expect(both.output == "k,sum(n),first(n)\na,3,1\nb,3,3\n", "\(both.errors)")
    let turned = try await server.client(["run", path, "--also", "here.csv"] + question)
    #expect(turned.output == "k,sum(n),first(n)\na,3,2\nb,3,3\n", "\(turned.errors)")
  }

  @Test func whatCannotBeReadIsSaidBeforeAnythingIsSent() async throws {
    let absent = try await server.client("run", "./nowhere.csv", "-o", "-")
    #expect(absent.exitCode == 69 && absent.errors.contains("./nowhere.csv"), "\(absent.errors)")
    let wrong = try await server.client("run", try local("k\n"), "--limit", "-1")
    #expect(wrong.exitCode == 64, "\(wrong.errors)")
    let large = try await server.client("run", try local(String(repeating: "x", count: 3_000_001), "large"), "-o", "-")
    #expect(large.exitCode == 72 && large.errors.contains("uploadBytes"), "\(large.exitCode) \(large.errors)")
    #expect(try await server.client("list", "--unnamed").output.contains("waiting") == false)
  }

  /// A server that is killed while a file is sent to it, and comes back.
  @Test func aKillInTheMiddleOfAnUploadCostsNothing() async throws {
    let patient = try await ServerProcess()
    let text = "k,n\n" + String(repeating: "key,1\n", count: 3_000_000)
    let path = try patient.place.write(Array(text.utf8), as: "local.csv")
    async let answer = patient.client("run", path, "-o", "-", "--group-by", "k", "--sum", "n")
    let folder = patient.place.path + "/data/.tally/uploads"
    for _ in 0..<6_000 {
      if try !FileManager.default.contentsOfDirectory(atPath: folder).isEmpty { break }
      try await Task.sleep(for: .milliseconds(1))
    }
    try await patient.killNow()
    try await patient.start()
    let done = try await answer
    #expect(done.output == "k,sum(n)\nkey,3000000\n", "\(done.errors)")
  }
}
