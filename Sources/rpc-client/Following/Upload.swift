#if Server
  import Crypto
  import RPCClient
  import Synchronization
  import TallySchema

  /// Sends a file, and looks whether the server has got what was sent.
  struct Upload {
    private let file: LocalFile

    init(_ file: LocalFile) { self.file = file }

    /// - Throws: ``RPCError`` DATA_LOSS when what the server has is another.
    func run(_ client: TallyClient, as name: String, replace: Bool) async throws -> UploadedFile {
      let digest = Mutex(SHA256())
      let content = RPCUpload(bytes: file.bytes) { [file] in
        guard let piece = try await file.next() else { return nil }
        digest.withLock { $0.update(data: piece) }
        return piece
      }
      let taken = try await client.upload(name, content, condition: replace ? .replacing : .newName)
      let sent = digest.withLock { $0.finalize().hexadecimal }
      guard taken.sha256 == sent else {
        throw RPCError(
          .dataLoss, reason: "UPLOAD_CHANGED",
          "'\(taken.name)' has the SHA-256 \(Excerpt.of(taken.sha256)) on the server, and \(sent) was sent: something on the way has "
            + "changed it. Send it again with --replace.")
      }
      return taken
    }
  }
#endif
