#if Server
  import ArgumentParser
  import Foundation
  import RPCClient
  import Schema

  /// What every command takes.
  struct GlobalOptions: ParsableArguments {
    @Option(help: "The server's URL (TALLY_SERVER; default: http://127.0.0.1:8000).") var server: String?
    @Option(help: "The server's token (better: TALLY_TOKEN, which no process list shows).") var token: String?
    @Flag(help: "Print JSON, one object a line.") var json = false
    @Flag(help: "Print no progress and no remarks.") var quiet = false
    @Option(help: ArgumentHelp("Give up after this time, such as 500ms, 30s or 5m.", valueName: "duration"))
    var timeout: String?

    mutating func validate() throws {
      if timeout != nil, timeoutMilliseconds == nil {
        throw ValidationError("--timeout takes a duration such as 500ms, 30s or 5m, not '\(timeout ?? "")'.")
      }
    }

    var timeoutMilliseconds: Int? {
      guard let timeout = timeout ?? ProcessInfo.processInfo.environment["TALLY_TIMEOUT"] else { return nil }
      let units: [(String, Int)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("", 1_000)]
      guard let unit = units.first(where: { timeout.hasSuffix($0.0) }),
        let value = Double(timeout.dropLast(unit.0.count)), value > 0, value < 1e9
      else { return nil }
      return max(1, Int(value * Double(unit.1)))
    }

    /// The same arguments with the options that stand before the command moved behind it, where the parser wants them:
    /// `--server URL list` is `list --server URL`.
    static func reordered(_ arguments: [String]) -> [String] {
      var index = 0
      while index < arguments.count {
        switch arguments[index] {
        case "--json", "--quiet": index += 1
        case "--server", "--timeout", "--token": index += 2
        case let word where word.hasPrefix("--server=") || word.hasPrefix("--timeout=") || word.hasPrefix("--token="):
          index += 1
        case let word where word.hasPrefix("-"): return arguments
        default:
          return [arguments[index]] + arguments[..<index] + arguments[(index + 1)...]
        }
      }
      return arguments
    }

    /// Runs a command's body with a client. An error of a call is printed, and becomes the exit code.
    func withClient(_ body: @escaping @Sendable (TallyClient, Terminal) async throws -> Void) async throws {
      var configuration = TallyClient.Configuration(
        server: server ?? ProcessInfo.processInfo.environment["TALLY_SERVER"] ?? "http://127.0.0.1:8000")
      while configuration.server.hasSuffix("/") { configuration.server.removeLast() }
      configuration.deadlineMilliseconds = timeoutMilliseconds
      if let token = token ?? ProcessInfo.processInfo.environment["TALLY_TOKEN"], !token.isEmpty {
        configuration.metadata["Authorization"] = "Bearer \(token)"
      }
      let terminal = Terminal(json: json, quiet: quiet)
      let client = TallyClient(configuration)
      let result: Result<Void, any Error>
      do {
        result = .success(try await body(client, terminal))
      } catch {
        result = .failure(error)
      }
      await client.shutdown()
      do {
        try result.get()
      } catch let error as RPCError {
        terminal.fail(error)
        throw ExitCode(error.status.exitCode)
      }
    }
  }

  /// Where a command writes: data to standard output, the rest to standard error.
  struct Terminal: Sendable {
    var json: Bool
    var quiet: Bool

    func print(_ line: String) { Terminal.writeOutput(Array((line + "\n").utf8)) }

    /// Writes data. Where nobody reads any more, the program ends as the shell expects; where it can't be written, with
    /// a word.
    static func writeOutput(_ bytes: [UInt8]) {
      do {
        try FileHandle.standardOutput.write(contentsOf: Data(bytes))
      } catch {
        let code = (error as NSError).code
        let isBrokenPipe = code == NSFileWriteUnknownError && errno == EPIPE || code == Int(EPIPE) || errno == EPIPE
        if !isBrokenPipe {
          writeErrors("rpc-client: standard output can't be written: \(String(cString: strerror(errno)))\n")
        }
        exit(isBrokenPipe ? 141 : 74)
      }
    }

    /// What can't be said is not said.
    static func writeErrors(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    func print(_ value: JSONValue) { print(value.text) }

    /// For people; nothing with `--quiet`.
    func remark(_ line: String) { if !quiet { Terminal.writeErrors(line + "\n") } }

    /// An error, in the form of the output.
    func fail(_ error: RPCError) {
      if json {
        print(["error": error.json])
      } else {
        Terminal.writeErrors("rpc-client: \(error.message) [\(error.status.name)]\n")
      }
    }
  }
#endif
