import TallySchema

/// One HTTP exchange whose head has come: the body, piece by piece. It ends with its last owner.
final class HTTPExchange: RPCDownload {
  let head: HTTPResponseHead
  let server: String
  private let transfer: CurlTransfer

  /// Waits for the head.
  ///
  /// - Throws: ``TransferError``, `CancellationError`.
  init(transfer: CurlTransfer, server: String) async throws {
    (self.transfer, self.server) = (transfer, server)
    do {
      head = try await transfer.head()
      if head.isCut, transfer.request.method != "HEAD" { throw TransferError.brokenHead }
    } catch {
      transfer.cancel()
      throw error
    }
  }

  deinit { transfer.cancel() }

  func next() async throws -> [UInt8]? {
    do {
      return try await transfer.nextPiece()
    } catch let error as TransferError {
      throw error.translated(server)
    }
  }

  /// The whole body.
  ///
  /// - Throws: ``TransferError``; ``RPCClientError`` RESPONSE_TOO_LARGE.
  func whole(limit: Int) async throws -> [UInt8] {
    var body: [UInt8] = []
    while let piece = try await transfer.nextPiece() {
      // Most answers are one piece.
      if body.isEmpty { body = piece } else { body += piece }
      if body.count > limit { throw RPCClientError.tooLarge(limit) }
    }
    return body
  }
}
