import HTTPTypes
import HummingbirdCore
import NIOCore
import TallySchema
import Uploads

/// The body of an upload on its way to the disk: while one mebibyte is hashed and written, the next one comes.
struct FileBody {
  private static let pieceBytes = 1 << 20
  /// Until then, an upload's average says little.
  private static let secondsAtLeast = 60.0

  private let body: RequestBody
  private let limits: Limits
  private let start = ContinuousClock.now

  init(_ body: RequestBody, limits: Limits) {
    self.body = body
    self.limits = limits
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
          try checkPace(total)
          // One at a time: what was handed over before is on its way to the disk until this returns.
          _ = try await group.next()
          FileBody.hand(piece, to: writer, in: &group)
          (piece, bytes) = ([], 0)
        }
      } catch let error as FileEndpoint.Refusal {
        throw error
      } catch let error as JobFailure {
        throw error
      } catch {
        throw FileEndpoint.Refusal(
          .badRequest,
          RPCError(
            .cancelled, reason: "BODY_INCOMPLETE",
            "The file ended too early, and nothing of it is kept. Send it again.",
            code: 3))
      }
      _ = try await group.next()
      FileBody.hand(piece, to: writer, in: &group)
      _ = try await group.next()
    }
  }

  private static func hand(
    _ piece: [ByteBuffer], to writer: UploadWriter, in group: inout ThrowingTaskGroup<Void, any Error>
  ) {
    group.addTask {
      try await onFileThread {
        for buffer in piece { try buffer.withUnsafeReadableBytes { try writer.append($0) } }
      }
    }
  }

  private func checkPace(_ total: Int) throws(FileEndpoint.Refusal) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    guard seconds > FileBody.secondsAtLeast, Double(total) < seconds * Double(limits.uploadBytesPerSecond) else {
      return
    }
    throw FileEndpoint.Refusal(
      .requestTimeout,
      RPCError(
        .deadlineExceeded, reason: "UPLOAD_TOO_SLOW",
        "Fewer than \(limits.uploadBytesPerSecond) bytes a second have come, which is the least (uploadBytesPerSecond)."
      ))
  }
}
