import Foundation
import HTTPTypes
import HummingbirdCore
import JobQueue
import NIOCore
import NIOPosix
import Processor
import Storage
import TallySchema

/// `GET /results/<job>`: the job's immutable result file, never the visible name. Its strong tag is its digest, so that an
/// interrupted download can go on where it stood.
struct ResultEndpoint: Sendable {
  private static let pieceBytes = 64 << 10

  let store: any JobStore
  let outputs: any OutputStorage
  let open: InFlightLimit

  func respond(to request: Request, job id: String, owner: String) async throws -> Response {
    guard let job = try await store.job(id, of: owner) else {
      return HTTPAnswers.refusal(.notFound, JobMethods.notFound(id, field: nil))
    }
    guard let result = job.result, !job.isPublishing else {
      return HTTPAnswers.refusal(
        .notFound,
        RPCError(.notFound, reason: "NO_RESULT", "The job \(id) is \(job.shownState.rawValue): it has no result."))
    }
    let file: any InputObject
    do {
      file = try await NIOThreadPool.singleton.runIfActive { [outputs] in try outputs.openResult(result.file) }
    } catch {
      return HTTPAnswers.refusal(
        .notFound, RPCError(.dataLoss, reason: "RESULT_GONE", "The result's file can't be read (\(error))."))
    }
    return respond(to: request, with: result, in: file, of: job)
  }

  private func respond(
    to request: Request, with result: CommittedResult, in file: any InputObject, of job: JobRecord
  ) -> Response {
    let eTag = "\"\(result.sha256)\""
    var headers: HTTPFields = [
      .contentType: job.spec.makeFormat().mediaType, .eTag: eTag, .acceptRanges: "bytes",
      .cacheControl: "private, no-cache", .xContentTypeOptions: "nosniff",
      .contentDisposition: "attachment; filename=\"\(ResultEndpoint.fileName(of: job))\"",
    ]
    // Of the whole, also where a part is sent (RFC 9530, section 3).
    if let digest = HTTPField.Name("Repr-Digest") {
      headers[digest] = "sha-256=:\(ResultEndpoint.base64(hexadecimal: result.sha256)):"
    }
    guard ETagCondition.isAllowed(eTag, byMatch: request.headers[.ifMatch]) else {
      return HTTPAnswers.refusal(
        .preconditionFailed,
        RPCError(
          .failedPrecondition, reason: "RESULT_REPLACED",
          "The result's tag is \(eTag), which If-Match doesn't name. Download the new result from its beginning."),
        headers: [.eTag: eTag])
    }
    if ETagCondition.isNamed(eTag, byNoneMatch: request.headers[.ifNoneMatch]) {
      return Response(status: .notModified, headers: headers)
    }
    // Only GET knows ranges (RFC 9110, section 14.2).
    let range = request.method == .get ? request.headers[.range] : nil
    switch ByteRange(range, ifRange: request.headers[.ifRange], eTag: eTag, bytes: result.bytes) {
    case .whole:
      headers[.contentLength] = String(result.bytes)
      return download(.ok, headers, file, 0..<result.bytes, isHead: request.method == .head)
    case .part(let part):
      headers[.contentLength] = String(part.count)
      headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(result.bytes)"
      return download(.partialContent, headers, file, part, isHead: false)
    case .unsatisfiable:
      return HTTPAnswers.refusal(
        .rangeNotSatisfiable,
        RPCError(
          .outOfRange, reason: "RANGE_NOT_SATISFIABLE", "The result has \(result.bytes) bytes, and none in this range."),
        headers: [.contentRange: "bytes */\(result.bytes)", .eTag: eTag])
    }
  }

  /// A download has its place among those that are open until its last byte is written, or its reader has gone.
  private func download(
    _ status: HTTPResponse.Status, _ headers: HTTPFields, _ file: any InputObject, _ range: Range<Int>, isHead: Bool
  ) -> Response {
    if isHead {
      return Response(status: status, headers: headers, body: ResponseBody(contentLength: range.count) { _ in })
    }
    guard let place = DownloadSlot(open) else {
      return HTTPAnswers.refusal(
        .tooManyRequests,
        RPCError(
          .resourceExhausted, reason: "TOO_MANY_DOWNLOADS",
          "\(open.most) results are being downloaded, which is the limit (downloads). Try again.",
          retryAfterMilliseconds: 1_000), headers: [.retryAfter: "1"])
    }
    return Response(status: status, headers: headers, body: body(file, range, place))
  }

  /// One place among the open downloads; given back with its last owner, whether the body was written or not.
  private final class DownloadSlot: Sendable {
    private let limit: InFlightLimit

    /// Nil: there are too many.
    init?(_ limit: InFlightLimit) {
      guard limit.take() else { return nil }
      self.limit = limit
    }

    deinit { limit.giveBack() }
  }

  private func body(_ file: any InputObject, _ range: Range<Int>, _ place: DownloadSlot) -> ResponseBody {
    ResponseBody(contentLength: range.count) { writer in
      defer { withExtendedLifetime(place) {} }
      var offset = range.lowerBound
      while offset < range.upperBound {
        let (start, count) = (offset, min(ResultEndpoint.pieceBytes, range.upperBound - offset))
        let piece = try await NIOThreadPool.singleton.runIfActive { try file.read(at: start, bytes: count) }
        if piece.isEmpty { throw SystemCallError("read: the file is shorter than it was", 0) }
        try await writer.write(ByteBuffer(bytes: piece))
        offset += piece.count
      }
      try await writer.finish(nil)
    }
  }

  /// Bytes that are written in hexadecimal, in base64.
  static func base64(hexadecimal: String) -> String {
    let digits = hexadecimal.compactMap(\.hexDigitValue)
    let bytes = stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    return Data(bytes).base64EncodedString()
  }

  /// The last part of the output's name, without what could end the quoted string; the job's ID where there is none.
  private static func fileName(of job: JobRecord) -> String {
    let last = job.spec.output.flatMap { FileName.parts($0).last } ?? "\(job.id).\(job.spec.format.rawValue)"
    return String(
      String.UnicodeScalarView(last.unicodeScalars.map { $0.isASCII && $0 != "\"" && $0 != "\\" ? $0 : "_" }))
  }
}
