#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  /// What a shell offers when Tab is pressed: asked from the server, within a second; nothing where it doesn't answer.
  enum Completions {
    static let jobs = CompletionKind.custom { words, _, prefix in
      await offers(words) { client in
        try await client.call(Jobs.list, ListParameters(unnamed: true, pageSize: 200)).jobs.map(\.jobID)
      }.filter { $0.beginsWithBytes(of: prefix) && isWord($0) }
    }

    static let inputs = CompletionKind.custom { words, _, prefix in
      await offers(words) { client in
        try await client.call(Jobs.inputs, ListInputsParameters(prefix: prefix, pageSize: 200)).inputs.map(\.name)
      }
    }

    static let methods = CompletionKind.custom { words, _, prefix in
      await offers(words) { client in
        let document = try await client.call(SystemMethods.discover, NoParameters())
        return (document["methods"]?.array ?? []).compactMap { $0["name"]?.string }
      }.filter { $0.beginsWithBytes(of: prefix) && isWord($0) }
    }

    /// IDs and methods have nothing but these; what a server else says isn't offered.
    private static func isWord(_ text: String) -> Bool {
      text.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._".utf8.contains(byte)
      }
    }

    /// What a shell may show and insert: it stays one line, and isn't taken for an option.
    private static func isOffered(_ text: String) -> Bool {
      !text.isEmpty && !text.utf8.starts(with: "-".utf8) && Printable.escaped(text) == text
    }

    /// For zsh a candidate's description begins at a colon.
    private static func candidate(_ text: String) -> String {
      guard CompletionShell.requesting == .zsh else { return text }
      return text.replacing("\\", with: "\\\\").replacing(":", with: "\\:")
    }

    private static func offers(_ words: [String], _ ask: (TallyClient) async throws -> [String]) async -> [String] {
      do {
        let options = serverOption(words).map { [ClientSettings.Name.server: $0] } ?? [:]
        var configuration = try ClientSettings(options: options).clientConfiguration()
        configuration.deadlineMilliseconds = 1_000
        configuration.connectMilliseconds = 1_000
        configuration.retry = .never
        let client = TallyClient(configuration)
        let found = try? await ask(client)
        await client.shutdown()
        return (found ?? []).filter(isOffered).map(candidate)
      } catch {
        return []
      }
    }

    /// The server that the unfinished command line names.
    private static func serverOption(_ words: [String]) -> String? {
      for (index, word) in words.enumerated() {
        if word == "--server", index + 1 < words.count { return words[index + 1] }
        if word.hasPrefix("--server=") { return String(word.dropFirst("--server=".count)) }
      }
      return nil
    }
  }
#endif
