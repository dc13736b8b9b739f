import HTTPTypes
import HummingbirdCore
import NIOCore
import TallySchema
import Uploads

/// The body of an upload on its way to the disk: while one mebibyte is hashed and written, the next one comes.
struct FileBody {
  private static let pieceBytes = 1 << 20
  private let body: RequestBody
  private let limits: Limits
  /// Whether the disk has room for more; asked again for each piece, since others write to it as well.
  private let checkRoom: @Sendable () throws -> Void

  init(_ body: RequestBody, limits: Limits, checkRoom: @escaping @Sendable () throws -> Void) {
    self.body = body
    self.limits = limits
    self.checkRoom = checkRoom
  }

  /// - Throws: ``FileEndpoint/Refusal``; `JobFailure` when the disk takes no more.
  func write(to writer: UploadWriter) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var piece: [ByteBuffer] = []
      var (bytes, total) = (0, 0)
      do {
        for try await buffer in body {
          piece.append(buffer)
          bytes += buffer.readableBytes
          total += buffer.readableBytes
          if total > limits.uploadBytes { throw FileRequest.tooLarge(limits) }
          guard bytes >= FileBody.pieceBytes else { continue }
          // One at a time: what was handed over before is on its way to the disk until this returns.
          _ = try await group.next()
          hand(piece, to: writer, in: &group)
          (piece, bytes) = ([], 0)
        }
      } catch let error as FileEndpoint.Refusal {
        throw error
      } catch let error as JobFailure {
        throw error
      } catch is CancellationError {
        throw CancellationError()
      } catch {
        throw FileRequest.incomplete
      }
      _ = try await group.next()
      hand(piece, to: writer, in: &group)
      _ = try await group.next()
    }
  }

  private func hand(
    _ piece: [ByteBuffer], to writer: UploadWriter, in group: inout ThrowingTaskGroup<Void, any Error>
  ) {
    group.addTask { [checkRoom] in
      try await onFileThread {
        try checkRoom()
        for buffer in piece { try buffer.withUnsafeReadableBytes { try writer.append($0) } }
      }
    }
  }
}
