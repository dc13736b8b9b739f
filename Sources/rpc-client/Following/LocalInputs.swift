#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  /// A job's inputs of which some are files of this machine: those that begin with `./`, `../` or `/`, and `-` for standard input.
  /// No name on the server is like these.
  struct LocalInputs: Sendable {
    private enum Content: Sendable {
      case file(LocalSource)
      case stream(LocalFile)
    }

    private struct Item: Sendable {
      /// Its place among the job's inputs.
      var place: Int
      var path: String
      var content: Content
    }

    private let names: [String]
    private let items: [Item]

    static func isLocal(_ name: String) -> Bool {
      name.hasSameBytes(as: "-") || ["./", "../", "/"].contains { name.utf8.starts(with: $0.utf8) }
    }

    /// Opens the files.
    ///
    /// - Throws: ``RPCError`` when one can't be read.
    init(_ names: [String]) throws {
      self.names = names
      items = try names.enumerated().filter { LocalInputs.isLocal($1) }.map { place, path in
        if !path.hasSameBytes(as: "-"), let source = try LocalSource(path) {
          return Item(place: place, path: path, content: .file(source))
        }
        return Item(place: place, path: path, content: .stream(try LocalFile(path)))
      }
    }

    /// The inputs with stand-ins for those of this machine, to check a job before anything is opened or sent.
    static func standIns(_ names: [String]) -> [String] {
      names.enumerated().map { place, name in isLocal(name) ? "upload:\(place)" : name }
    }

    /// Begins the uploads, of which nothing is sent yet.
    func begin(_ client: TallyClient) async throws -> LocalUploads {
      var begun: [LocalUploads.Item] = []
      for item in items {
        switch item.content {
        case .file(let file):
          let source = file.source
          begun.append(
            LocalUploads.Item(
              path: item.path, upload: try await client.beginUpload(of: source), bytes: source.bytes
            ) { client, upload, onProgress in try await client.send(source, to: upload, onProgress: onProgress) })
        case .stream(let file):
          begun.append(
            LocalUploads.Item(path: item.path, upload: try await client.beginUpload(), bytes: file.bytes) {
              client, upload, onProgress in
              try await client.send(to: upload, onProgress: onProgress) { try file.next() }
            })
        }
      }
      return LocalUploads(inputs: replaced(begun.map(\.upload.input)), items: begun)
    }

    private func replaced(_ texts: [String]) -> [String] {
      var names = names
      for (item, text) in zip(items, texts) { names[item.place] = text }
      return names
    }
  }

  /// Uploads of files of this machine that have begun.
  struct LocalUploads: Sendable {
    struct Item: Sendable {
      var path: String
      var upload: TallyClient.PendingUpload
      var bytes: Int?
      var send:
        @Sendable (TallyClient, TallyClient.PendingUpload, @escaping @Sendable (Int) -> Void) async throws -> Void
    }

    /// The job's inputs, as the server knows them.
    let inputs: [String]
    let items: [Item]

    /// Sends everything, and shows how far that is.
    ///
    /// - Throws: `ExitCode` 130 on an interrupt; ``RPCError`` and ``RPCClientError``. Then the job has been cancelled: its input
    ///   will never be whole.
    func send(_ client: TallyClient, _ terminal: Terminal, _ interrupts: Interrupts, job: String) async throws {
      do {
        for item in items {
          let display = UploadDisplay(terminal, name: item.path, bytes: item.bytes)
          try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await item.send(client, item.upload) { display.show($0) } }
            group.addTask { try await display.draw() }
            group.addTask {
              guard await interrupts.first() else { throw CancellationError() }
              throw ExitCode(130)
            }
            try await group.next()
          }
          display.end()
        }
      } catch {
        terminal.live.clear()
        terminal.remark("The upload isn't complete: the job \(job) is cancelled.")
        _ = try? await client.call(Jobs.cancel, JobParameters(jobID: job))
        await remove(client)
        throw error
      }
    }

    /// Removes what was uploaded from the server: what can't be removed expires by itself.
    func remove(_ client: TallyClient) async {
      for item in items { try? await client.removeUpload(item.upload) }
    }
  }
#endif
