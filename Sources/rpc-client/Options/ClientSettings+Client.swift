#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  extension ClientSettings {
    /// Runs a command's body with a client.
    ///
    /// - Throws: `ExitCode`, with the error of a call printed; whatever else the body throws.
    func withClient(_ body: @escaping @Sendable (TallyClient, Terminal) async throws -> Void) async throws {
      let terminal = try terminal()
      let client = TallyClient(try clientConfiguration())
      let result: Result<Void, any Error>
      do {
        let trace = ClientSettings.environment("TRACEPARENT").flatMap(TraceContext.init(traceparent:))
        result = .success(
          try await TraceContext.$current.withValue(trace) {
            guard let milliseconds = try timeoutMilliseconds() else { return try await body(client, terminal) }
            try await ClientSettings.within(milliseconds) { try await body(client, terminal) }
          })
      } catch {
        result = .failure(error)
      }
      await client.shutdown()
      do {
        try result.get()
      } catch let error as RPCClientError {
        terminal.fail(error.rpcError)
        throw ExitCode(error.status.exitCode)
      } catch let error as RPCError {
        terminal.fail(error)
        throw ExitCode(error.status.exitCode)
      } catch let error as FileProblem {
        terminal.remark("rpc-client: \(error)", .red)
        throw ExitCode(FileProblem.exitCode)
      }
    }

    /// Runs a body that streams or downloads too, which have no deadline of their own.
    private static func within(_ milliseconds: Int, _ body: @escaping @Sendable () async throws -> Void) async throws {
      try await withThrowingTaskGroup(of: Void.self) { group in
        defer { group.cancelAll() }
        group.addTask(operation: body)
        group.addTask {
          // Calls end by themselves, and say more; they come first.
          try await Task.sleep(for: .milliseconds(milliseconds + 1_000))
          throw RPCError(.deadlineExceeded, reason: "DEADLINE_EXCEEDED", "It isn't done within the time-out.")
        }
        try await group.next()
      }
    }

    func terminal() throws -> Terminal {
      guard let color = Style.ColorChoice(rawValue: self[.color] ?? "auto") else {
        throw problem(.color, "must be auto, always or never")
      }
      var terminal = Terminal(
        json: try flag(.json), quiet: try flag(.quiet),
        output: Style(descriptor: 1, color: color, environment: ClientSettings.environment),
        errors: Style(descriptor: 2, color: color, environment: ClientSettings.environment))
      terminal.hasToken = self[.token] != nil
      return terminal
    }

    func clientConfiguration() throws -> TallyClient.Configuration {
      let servers = (self[.server] ?? "http://127.0.0.1:8000").split(separator: ",").map(ClientSettings.trimmed)
      if servers.isEmpty { throw problem(.server, "must name a server") }
      var configuration = TallyClient.Configuration(servers: servers)
      configuration.deadlineMilliseconds = try timeoutMilliseconds()
      if let token = self[.token] { configuration.metadata["Authorization"] = "Bearer \(token)" }
      if let text = self[.retry] {
        guard let times = Int(text), (0...100).contains(times) else {
          throw problem(.retry, "takes a number from 0 to 100")
        }
        configuration.retry.attempts = times + 1
      }
      configuration.tls.authorityFile = self[.authorities]
      configuration.tls.certificateFile = self[.certificate]
      configuration.tls.keyFile = self[.certificateKey]
      configuration.tls.pinnedPublicKey = self[.pinnedKey]
      configuration.proxy = self[.proxy]
      if let file = self[.netrcFile] {
        configuration.netrc = .file(file)
      } else if try flag(.netrc) {
        configuration.netrc = .standard
      }
      return configuration
    }
  }
#endif
