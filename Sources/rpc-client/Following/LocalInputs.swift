#if Server
  import ArgumentParser
  import RPCClient
  import TallySchema

  /// A job's inputs of which some are files of this machine: those that begin with `./`, `../` or `/`, and `-` for standard input.
  /// No name on the server is like these.
  struct LocalInputs: Sendable {
    private let names: [String]
    /// By their places among the inputs.
    private let files: [(place: Int, file: LocalFile)]

    static func isLocal(_ name: String) -> Bool {
      name.hasSameBytes(as: "-") || ["./", "../", "/"].contains { name.utf8.starts(with: $0.utf8) }
    }

    /// The inputs with stand-ins for those of this machine, to check a job before anything is opened or sent.
    static func standIns(_ names: [String]) -> [String] {
      names.enumerated().map { place, name in isLocal(name) ? "upload:\(place)" : name }
    }

    /// Opens the files.
    ///
    /// - Throws: ``RPCError`` when one can't be read.
    init(_ names: [String]) throws {
      self.names = names
      files = try names.enumerated().filter { LocalInputs.isLocal($1) }.map { ($0, try LocalFile($1)) }
    }

    /// Begins the uploads, of which nothing is sent yet. Where one is refused, those before it are removed again.
    func begin(_ client: TallyClient) async throws -> LocalUploads {
      var uploads = LocalUploads(inputs: names, items: [])
      do {
        for (place, file) in files {
          let item = try await LocalInputs.begin(file, named: names[place], client)
          uploads.inputs[place] = item.upload.input
          uploads.items.append(item)
        }
        return uploads
      } catch {
        await uploads.remove(client)
        throw error
      }
    }

    private static func begin(
      _ file: LocalFile, named path: String, _ client: TallyClient
    ) async throws -> LocalUploads.Item {
      if let source = file.source {
        let upload = try await client.beginUpload(of: source)
        return LocalUploads.Item(path: path, upload: upload, bytes: source.bytes) { client, upload, onProgress in
          try await client.send(source, to: upload, onProgress: onProgress)
        }
      }
      let upload = try await client.beginUpload()
      return LocalUploads.Item(path: path, upload: upload, bytes: file.bytes) { client, upload, onProgress in
        try await client.send(to: upload, onProgress: onProgress) { try await file.next() }
      }
    }
  }

  /// Uploads of files of this machine that have begun.
  struct LocalUploads: Sendable {
    struct Item: Sendable {
      var path: String
      var upload: TallyClient.PendingUpload
      /// Nil: nobody knows.
      var bytes: Int?
      var send:
        @Sendable (TallyClient, TallyClient.PendingUpload, @escaping @Sendable (Int) -> Void) async throws -> Void
    }

    /// The job's inputs, as the server knows them.
    var inputs: [String]
    var items: [Item]

    /// Removes what was uploaded from the server; what an unfinished job reads stays, and what can't be removed expires by itself.
    ///
    /// - Returns: whether a job reads one of them.
    @discardableResult
    func remove(_ client: TallyClient) async -> Bool {
      if items.isEmpty { return false }
      // Also for a task that has been cancelled, and for no longer than somebody waits at a prompt.
      return await Task { [items] in
        await withTaskGroup(of: Bool.self) { group in
          defer { group.cancelAll() }
          group.addTask {
            try? await Task.sleep(for: .seconds(5))
            return false
          }
          group.addTask { await LocalUploads.remove(items, client) }
          return await group.next() ?? false
        }
      }.value
    }

    private static func remove(_ items: [Item], _ client: TallyClient) async -> Bool {
      var isRead = false
      for item in items {
        do {
          try await client.removeUpload(item.upload)
        } catch let error as RPCClientError {
          if error.reason == "UPLOAD_IN_USE" { isRead = true }
        } catch {}
      }
      return isRead
    }
  }
#endif
