import TallySchema

extension TallyClient {
  /// Downloads a result, piece by piece, to whoever takes the pieces, where the caller runs; a slow one slows the transfer down. A connection that
  /// breaks is made anew, and goes on after the last byte that was taken.
  ///
  /// - Parameter path: as a status has it (`result.url`).
  /// - Throws: ``RPCClientError``: the server's; UNAVAILABLE when the connection doesn't come back; ABORTED when the result has been
  ///   replaced meanwhile.
  public func download(
    _ path: String, isolation: isolated (any Actor)? = #isolation, _ take: ([UInt8]) async throws -> Void
  ) async throws {
    var state = DownloadState()
    var reconnection = Reconnection()
    while true {
      let offset = state.offset
      do {
        return try await downloadOnce(path, &state, isolation: isolation, take)
      } catch let failure as TakerFailed {
        throw failure.error
      } catch let error as RPCClientError where error.status == .unavailable {
        if state.offset > offset { reconnection.succeed() }
        try await reconnection.pause(after: error, configuration)
      }
    }
  }

  /// What whoever takes the pieces has thrown: none of the connection's errors, whatever it is.
  private struct TakerFailed: Error { var error: any Error }

  private func downloadOnce(
    _ path: String, _ state: inout DownloadState, isolation: isolated (any Actor)?,
    _ take: ([UInt8]) async throws -> Void
  ) async throws {
    let call = self.call(.download, path, isRepeatable: true)
    let fields = state.fields
    let answer = try await configuration.interceptors.run(call) { call in
      try await self.transport.download(path, fields: fields, call)
    }
    if state.isWhole(answer.head) { return }
    try state.begin(answer.head)
    while let piece = try await answer.next() {
      do {
        try await take(piece)
      } catch {
        throw TakerFailed(error: error)
      }
      state.offset += piece.count
    }
  }
}

/// How far a download is, and what its continuation asks for: pure.
struct DownloadState: Hashable {
  /// Bytes that were taken.
  var offset = 0
  /// Of the representation that they are of.
  private(set) var eTag: String?

  /// The header fields of the next request: the rest, and only of the same representation.
  var fields: [String: String] {
    guard offset > 0, let eTag else { return [:] }
    return ["Range": "bytes=\(offset)-", "If-Range": eTag]
  }

  /// Whether all bytes had come before the connection broke.
  func isWhole(_ head: HTTPResponseHead) -> Bool {
    offset > 0 && head.status == 416 && head.headers["content-range"] == "bytes */\(offset)"
  }

  /// - Throws: ``RPCClientError`` ABORTED when what comes doesn't go on where the bytes end that were taken.
  mutating func begin(_ head: HTTPResponseHead) throws {
    let goesOn = head.status == 206 && head.headers["content-range"]?.hasPrefix("bytes \(offset)-") == true
    guard goesOn || (offset == 0 && head.status == 200) else {
      throw RPCClientError.local(
        RPCLocalError(
          .protocol, .aborted, reason: "RESULT_REPLACED",
          "The connection broke after \(offset) bytes, and the server doesn't go on from there. Begin again."))
    }
    eTag = head.headers["etag"]
  }
}
