import Foundation
import TallySchema
import TestSupport
import Testing

@testable import RPCClient

/// The ways to a server: TLS, HTTP/2, proxies, sockets, several servers.
@Suite(.timeLimit(.minutes(3))) struct ClientOptionsTests {
  private static func stats(_ configuration: TallyClient.Configuration) async throws -> JSONValue {
    let client = TallyClient(configuration)
    do {
      let answer = try await client.call(SystemMethods.stats, NoParameters())
      await client.shutdown()
      return answer
    } catch {
      await client.shutdown()
      throw error
    }
  }

  private static func localError(_ configuration: TallyClient.Configuration) async -> RPCLocalError? {
    guard
      case RPCClientError.local(let error)? = await #expect(
        throws: (any Error).self, performing: { try await stats(configuration) })
    else { return nil }
    return error
  }

  private static func secure() async throws -> (ServerProcess, Certificate, TestFolder) {
    let folder = try TestFolder()
    let certificate = try await Certificate(in: folder.path)
    let server = try await ServerProcess(["--tls-certificate", certificate.path, "--tls-key", certificate.path])
    return (server, certificate, folder)
  }

  @Test func onlyATrustedServerIsCalled() async throws {
    let (server, certificate, folder) = try await Self.secure()
    var configuration = TallyClient.Configuration(server: "https://localhost:\(server.port)")
    let untrusted = await Self.localError(configuration)
    #expect(untrusted?.reason == "TLS_FAILED" && untrusted?.status == .unauthenticated)
    #expect(untrusted?.curlCode == 60 && untrusted?.curlMessage?.isEmpty == false)
    configuration.tls.authorityFile = certificate.path
    _ = try await Self.stats(configuration)
    configuration.tls.pinnedPublicKey = try await certificate.pin()
    _ = try await Self.stats(configuration)
    configuration.tls.pinnedPublicKey = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    #expect(await Self.localError(configuration)?.reason == "TLS_FAILED")
    configuration.tls.pinnedPublicKey = nil
    configuration.tls.authorityFile = folder.path + "/none.pem"
    let missing = await Self.localError(configuration)
    #expect(missing?.kind == .configuration && missing?.message.contains("none.pem") == true)
    let command = try await Programs.run(
      "rpc-client", ["list", "--server", "https://localhost:\(server.port)", "--cacert", certificate.path])
    #expect(command.exitCode == 0, "\(command.errors)")
  }

  @Test func aServerThatAsksGetsTheClientsCertificate() async throws {
    let folder = try TestFolder()
    let certificate = try await Certificate(in: folder.path)
    let relay = try await Relay("mutual", certificate.path)
    var configuration = TallyClient.Configuration(server: "https://localhost:\(relay.port)")
    configuration.retry = .never
    configuration.tls.authorityFile = certificate.path
    #expect(await Self.localError(configuration) != nil, "without a certificate it is refused")
    (configuration.tls.certificateFile, configuration.tls.keyFile) = (certificate.path, certificate.path)
    #expect(try await Self.stats(configuration) == "localhost")
  }

  @Test func smallCallsShareAConnectionAndStreamsDoNot() async throws {
    let (server, certificate, folder) = try await Self.secure()
    try server.write(ServerProcess.example, as: "plays.csv")
    var configuration = TallyClient.Configuration(server: "https://localhost:\(server.port)")
    configuration.tls.authorityFile = certificate.path
    // Each connection is a line of the proxy's.
    let relay = try await Relay("proxy")
    configuration.proxy = "http://127.0.0.1:\(relay.port)"
    let transport = HTTPTransport(configuration)
    let client = TallyClient(configuration, transport: transport)
    let spec = JobSpec(input: "plays.csv", output: "sums.csv")
    let job = try await client.call(Jobs.submit, SubmitParameters(spec: spec, idempotencyKey: "k"))
    for try await _ in client.stream(Jobs.progress, ProgressParameters(jobID: job.jobID)) {}
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask { _ = try await client.call(Jobs.status, JobParameters(jobID: job.jobID)) }
      }
      try await group.waitForAll()
    }
    // Not always two: libcurl 7.88 gives up a connection on which something has come that nobody has read yet.
    #expect(relay.lines.count < 25, "51 calls and a stream, on \(relay.lines.count) connections")
    var message = HTTPRequestMessage(
      method: "GET", url: "https://localhost:\(server.port)/healthz", connectMilliseconds: 5_000,
      options: CurlOptions(configuration))
    #expect(try await transport.loop(for: message).begin(message, bufferBytes: 65_536).head().majorVersion == 1)
    message.isSmall = true
    #expect(try await transport.loop(for: message).begin(message, bufferBytes: 65_536).head().majorVersion == 2)
    await client.shutdown()
    _ = folder
  }

  @Test func longAnswersComeCompressed() async throws {
    let server = try await ServerProcess()
    let transport = HTTPTransport(TallyClient.Configuration(server: server.url))
    var message = HTTPRequestMessage(
      method: "POST", url: server.url + "/rpc", headers: [HTTPField("Content-Type", "application/json")],
      body: Array(#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#.utf8), connectMilliseconds: 5_000)
    message.isSmall = true
    let exchange = try await HTTPExchange(
      transfer: transport.loop(for: message).begin(message, bufferBytes: 1 << 20), server: server.url)
    #expect(exchange.head.headers["content-encoding"] == "gzip")
    #expect(try JSONValue(parsing: await exchange.whole(limit: 1 << 20)[...])["result"]?["openrpc"] == "1.3.2")
    await transport.shutdown()
  }

  @Test func aUnixSocketIsAServerToo() async throws {
    let server = try await ServerProcess()
    let path = server.place.path + "/tally.sock"
    let relay = try await Relay("unix", path, String(server.port))
    #expect(try await Self.stats(TallyClient.Configuration(server: "unix:" + path))["version"] != nil)
    #expect(try await Programs.run("rpc-client", ["list", "--server", "unix:" + path]).exitCode == 0)
    withExtendedLifetime(relay) {}
  }

  @Test func aProxyIsUsedAsCurlUsesIt() async throws {
    let (server, certificate, folder) = try await Self.secure()
    let plain = try await ServerProcess()
    let relay = try await Relay("proxy")
    var configuration = TallyClient.Configuration(server: plain.url)
    configuration.proxy = "http://127.0.0.1:\(relay.port)"
    _ = try await Self.stats(configuration)
    configuration.servers = ["https://localhost:\(server.port)"]
    configuration.tls.authorityFile = certificate.path
    _ = try await Self.stats(configuration)
    // A call that a busy machine holds up is made again: each kind is there, and how often may differ.
    #expect(Set(relay.lines) == ["POST \(plain.url)/rpc", "CONNECT localhost:\(server.port)"])
    let before = relay.lines.count { $0.hasPrefix("POST") }
    let environment = ["http_proxy": "http://127.0.0.1:\(relay.port)", "TALLY_SERVER": plain.url]
    #expect(try await Programs.run("rpc-client", ["list"], environment: environment).exitCode == 0)
    #expect(
      relay.lines.count { $0.hasPrefix("POST") } == before, "the environment's proxy gets no calls to this machine")
    let asked = try await Programs.run(
      "rpc-client", ["list", "--proxy", "http://127.0.0.1:\(relay.port)"], environment: environment)
    #expect(
      asked.exitCode == 0 && relay.lines.count { $0.hasPrefix("POST") } > before, "one that was asked for gets them")
    _ = folder
  }

  @Test func namesComeFromNetrc() async throws {
    let server = try await ServerProcess()
    let relay = try await Relay("proxy")
    try "machine 127.0.0.1 login ada password secret\n".write(
      toFile: server.place.path + "/netrc", atomically: true, encoding: .utf8)
    var configuration = TallyClient.Configuration(server: server.url)
    configuration.proxy = "http://127.0.0.1:\(relay.port)"
    _ = try await Self.stats(configuration)
    configuration.netrc = .file(server.place.path + "/netrc")
    _ = try await Self.stats(configuration)
    #expect(relay.lines.map { $0.contains("Authorization: Basic YWRhOnNlY3JldA==") } == [false, true])
  }

  @Test func theNextServerIsCalledWhereOneIsAway() async throws {
    let server = try await ServerProcess()
    try server.write(ServerProcess.example, as: "plays.csv")
    let other = try await ServerProcess()
    let away = other.url
    try await other.killNow()
    let client = TallyClient(TallyClient.Configuration(servers: [away, server.url]))
    // Without a key: it may be sent once only, and the first server hasn't seen it.
    let spec = JobSpec(input: "plays.csv", output: "sums.csv")
    let job = try await client.call(Jobs.submit, SubmitParameters(spec: spec))
    var last: JobStatus?
    for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: job.jobID)) {
      if case .result(let status) = item { last = status }
    }
    #expect(last?.state == .succeeded)
    var bytes: [UInt8] = []
    try await client.download("/results/" + job.jobID) { bytes += $0 }
    #expect(String(decoding: bytes, as: UTF8.self) == ServerProcess.answer)
    await client.shutdown()
    let command = try await Programs.run("rpc-client", ["list", "--server", "\(away),\(server.url)"])
    #expect(command.exitCode == 0 && command.output.contains(job.jobID))
  }

  /// On a connection that has served, too: there is nothing to be connected, and the answer is what doesn't come.
  @Test func aSilentServerIsATimeOutAndNothingIsSentAgain() async throws {
    let relay = try await Relay("silent")
    let client = TallyClient(TallyClient.Configuration(server: "http://127.0.0.1:\(relay.port)"))
    #expect(try await client.call("first", [:], isRepeatable: true) == [:])
    for isRepeatable in [true, false] {
      let error = await #expect(throws: RPCClientError.self) {
        try await client.call("second", [:], deadlineMilliseconds: 100, isRepeatable: isRepeatable)
      }
      guard case .local(let local)? = error else { throw error ?? .unexpected("", "") }
      #expect(local.kind == .timeout && local.status == .deadlineExceeded && local.curlCode == 28)
    }
    #expect(relay.lines.count == 3, "each was sent once: \(relay.lines)")
    await client.shutdown()
  }

  /// TLS writes where nobody reads any more: an error of the call, and no SIGPIPE for the program.
  @Test func aConnectionThatClosesUnderAWriteEndsTheCallOnly() async throws {
    let folder = try TestFolder()
    let certificate = try await Certificate(in: folder.path)
    let relay = try await Relay("closing", "0", certificate.path)
    var configuration = TallyClient.Configuration(server: "https://localhost:\(relay.port)")
    configuration.tls.authorityFile = certificate.path
    configuration.retry = .never
    let client = TallyClient(configuration)
    let large: JSONValue = ["text": .string(String(repeating: "x", count: 4 << 20))]
    for _ in 0..<5 {
      let error = await #expect(throws: RPCClientError.self) { try await client.call("x", large) }
      #expect(error?.status == .unavailable)
    }
    await client.shutdown()
  }
}
