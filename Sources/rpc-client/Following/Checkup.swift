#if Server
  import RPCClient
  import TallySchema

  /// What `doctor` looks at, one thing after the other; it ends at the first without which the others make no sense.
  struct Checkup {
    struct Finding {
      var subject: String
      var isWell: Bool
      var text: String
      /// Where it isn't well.
      var status = RPCStatus.unknown

      var json: JSONValue {
        ["check": .string(subject), "ok": .bool(isWell), "message": .string(text)]
      }
    }

    let client: TallyClient
    let server: String
    private(set) var findings: [Finding] = []

    /// Between this clock and the server's, milliseconds: times of jobs are the server's, rates are ours.
    private static let clockDifferenceMost = 5_000
    private static let callsMeasured = 20

    init(client: TallyClient, server: String) { (self.client, self.server) = (client, server) }

    mutating func run() async {
      await look()
      await client.shutdown()
    }

    private mutating func look() async {
      do {
        let document = try await client.call(SystemMethods.discover, NoParameters())
        well("server", "\(server) answers.")
        check(version: document["info"]?["version"]?.string)
        let before = Timestamp.now
        let stats = try await client.call(SystemMethods.stats, NoParameters())
        well(
          "token",
          client.configuration.metadata["Authorization"] == nil
            ? "None was sent, and none is needed." : "One was sent, and it wasn't refused.")
        check(clock: stats["now"]?.string.flatMap { Timestamp($0) }, before, Timestamp.now)
        try await checkSpeed()
      } catch let error as RPCClientError {
        let isSent = client.configuration.metadata["Authorization"] != nil
        findings.append(Checkup.finding(error, isSent: isSent))
      } catch {
        findings.append(Finding(subject: "server", isWell: false, text: "\(error)", status: .cancelled))
      }
    }

    /// What the server has said of a token is about the token; what TLS says of its certificate isn't.
    private static func finding(_ error: RPCClientError, isSent: Bool) -> Finding {
      guard case .remote(let remote) = error,
        remote.status == .unauthenticated || remote.status == .permissionDenied
      else {
        let isCertificate = error.status == .unauthenticated
        return Finding(
          subject: isCertificate ? "certificate" : "server", isWell: false, text: error.message, status: error.status)
      }
      let text =
        !isSent
        ? "The server asks for a token, and none was sent. Set TALLY_TOKEN."
        : "The token that was sent isn't the server's. Set the right one in TALLY_TOKEN."
      return Finding(subject: "token", isWell: false, text: text, status: remote.status)
    }

    private mutating func well(_ subject: String, _ text: String) {
      findings.append(Finding(subject: subject, isWell: true, text: text))
    }

    private mutating func check(version: String?) {
      func major(_ text: String) -> Substring { text.prefix { $0 != "." } }
      let text = "The server is \(version ?? "of no known version"), this client \(TallyVersion.text)."
      findings.append(
        Finding(
          subject: "version", isWell: version.map { major($0) == major(TallyVersion.text) } ?? false, text: text,
          status: .failedPrecondition))
    }

    /// The server's clock has been read between two looks at ours.
    private mutating func check(clock: Timestamp?, _ before: Timestamp, _ after: Timestamp) {
      guard let clock else { return }
      let early = before.milliseconds - clock.milliseconds
      let late = clock.milliseconds - after.milliseconds
      let difference = max(0, early, late)
      findings.append(
        Finding(
          subject: "clock", isWell: difference <= Checkup.clockDifferenceMost,
          text: difference == 0
            ? "It is the server's." : "It is \(difference) ms \(early > 0 ? "before" : "behind") the server's.",
          status: .failedPrecondition))
    }

    private mutating func checkSpeed() async throws {
      var times: [Double] = []
      for _ in 0..<Checkup.callsMeasured {
        let start = ContinuousClock.now
        _ = try await client.call(SystemMethods.stats, NoParameters())
        times.append((ContinuousClock.now - start) / .milliseconds(1))
      }
      times.sort()
      func text(_ value: Double) -> String { "\((value * 100).rounded() / 100) ms" }
      well(
        "speed",
        "A call takes \(text(times[times.count / 2])), the slowest of \(times.count) \(text(times[times.count - 1])).")
    }
  }
#endif
