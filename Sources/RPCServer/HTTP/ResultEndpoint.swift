import HTTPTypes
import HummingbirdCore
import JobQueue
import NIOCore
import NIOPosix
import Schema

/// `GET /results/<job>`: the job's immutable result file, never the visible name.
struct ResultEndpoint: Sendable {
  private static let pieceBytes = 256 << 10

  let store: any JobStore
  let folder: DataFolder

  func respond(job id: String, owner: String) async throws -> Response {
    guard let job = try await store.job(id), job.owner == owner else {
      return HTTPAnswers.refusal(
        .notFound, RPCError(.notFound, reason: "JOB_NOT_FOUND", "There is no job '\(id.prefix(100))'."))
    }
    guard let result = job.result else {
      return HTTPAnswers.refusal(
        .notFound,
        RPCError(.notFound, reason: "NO_RESULT", "The job \(id) is \(job.state.rawValue): it has no result."))
    }
    let file: OpenFile
    do {
      file = try folder.openResult(result)
    } catch {
      return HTTPAnswers.refusal(
        .notFound, RPCError(.dataLoss, reason: "RESULT_GONE", "The result's file can't be read (\(error))."))
    }
    var headers: HTTPFields = [
      .contentType: "text/csv; charset=utf-8; header=present", .eTag: "\"\(result.sha256)\"",
      .cacheControl: "private, no-cache", .xContentTypeOptions: "nosniff", .contentLength: String(result.bytes),
    ]
    headers[.contentDisposition] = "attachment; filename=\"\(ResultEndpoint.safeName(job.spec.output))\""
    return Response(status: .ok, headers: headers, body: body(file, bytes: result.bytes))
  }

  private func body(_ file: OpenFile, bytes: Int) -> ResponseBody {
    ResponseBody(contentLength: bytes) { writer in
      var offset = 0
      while offset < bytes {
        let (start, count) = (offset, min(ResultEndpoint.pieceBytes, bytes - offset))
        let piece = try await NIOThreadPool.singleton.runIfActive { try file.read(at: start, bytes: count) }
        if piece.isEmpty { throw SystemCallError("read: the file is shorter than it was", 0) }
        try await writer.write(ByteBuffer(bytes: piece))
        offset += piece.count
      }
      try await writer.finish(nil)
    }
  }

  /// The last part of the output's name, without what could end the quoted string.
  private static func safeName(_ output: String) -> String {
    let last = output.split(separator: "/").last ?? "result.csv"
    return String(
      String.UnicodeScalarView(last.unicodeScalars.map { $0.isASCII && $0 != "\"" && $0 != "\\" ? $0 : "_" }))
  }
}
