#if Server
  import Crypto
  import RPCClient
  import TallySchema

  /// Downloads an answer, and looks whether it is the one that the server has told of.
  struct Download {
    private let result: JobResult

    init(_ result: JobResult) { self.result = result }

    /// - Throws: ``RPCError`` DATA_LOSS when the bytes aren't as many, or have another digest.
    func run(_ client: TallyClient, _ take: ([UInt8]) async throws -> Void) async throws {
      var (count, digest) = (0, SHA256())
      try await client.download(result.url) { bytes in
        count += bytes.count
        digest.update(data: bytes)
        try await take(bytes)
      }
      guard count == result.bytes else {
        throw RPCError(
          .dataLoss, reason: "RESULT_CUT",
          "\(count) bytes came of an answer of \(result.bytes): something on the way has changed them. Try again.")
      }
      let found = digest.finalize().hexadecimal
      guard found == result.sha256 else {
        throw RPCError(
          .dataLoss, reason: "RESULT_CHANGED",
          "The answer's SHA-256 is \(found), and the server has told \(Excerpt.of(result.sha256)): something on the way has "
            + "changed it. Try again.")
      }
    }
  }
#endif
