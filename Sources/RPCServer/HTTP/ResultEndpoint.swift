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
/// interrupted download can go on where it stood. `…/rejects` is the file of the rows that the job has left out.
struct ResultEndpoint: Sendable {
  private static let pieceBytes = 64 << 10

  enum Part: Sendable { case answer, rejects }

  /// A file of a result, and what is known of it.
  private struct Representation {
    var file: any InputObject
    var bytes: Int
    var mediaType: String
    var name: String
    var eTag: String
    /// In hexadecimal.
    var sha256: String?
  }

  let store: any JobStore
  let outputs: any OutputStorage
  let open: InFlightLimit

  func respond(to request: Request, _ part: Part, job id: String, owner: String) async throws -> Response {
    guard let job = try await store.job(id, of: owner) else {
      return HTTPAnswers.refusal(.notFound, JobMethods.notFound(id, field: nil))
    }
    guard let result = job.result, !job.isPublishing else {
      return HTTPAnswers.refusal(
        .notFound,
        RPCError(.notFound, reason: "NO_RESULT", "The job \(id) is \(job.shownState.rawValue): it has no result."))
    }
    if part == .rejects, job.spec.onBadRow != .collect {
      return HTTPAnswers.refusal(
        .notFound,
        RPCError(
          .notFound, reason: "NO_REJECTS", "The job \(id) doesn't collect the rows that it leaves out (onBadRow)."))
    }
    let file: any InputObject
    do {
      let name = part == .answer ? result.file : result.rejectsFile
      file = try await NIOThreadPool.singleton.runIfActive { [outputs] in try outputs.openResult(name) }
    } catch {
      return HTTPAnswers.refusal(
        .notFound, RPCError(.dataLoss, reason: "RESULT_GONE", "The result's file can't be read (\(error))."))
    }
    return respond(to: request, with: ResultEndpoint.representation(part, of: job, result, file))
  }

  private static func representation(
    _ part: Part, of job: JobRecord, _ result: CommittedResult, _ file: any InputObject
  ) -> Representation {
    let name = DownloadName.last(of: job.spec.output) ?? "\(job.id).\(job.spec.format.rawValue)"
    switch part {
    case .answer:
      return Representation(
        file: file, bytes: result.bytes, mediaType: job.spec.makeFormat().mediaType, name: name,
        eTag: "\"\(result.sha256)\"", sha256: result.sha256)
    case .rejects:
      // Its digest isn't kept; the file never changes.
      return Representation(
        file: file, bytes: file.size, mediaType: "text/csv; charset=utf-8; header=present", name: name + ".rejects.csv",
        eTag: "\"rejects-\(result.sha256)\"")
    }
  }

  private func respond(to request: Request, with found: Representation) -> Response {
    let compression: DownloadCompression?
    do {
      compression = try DownloadCompression(query: request.uri.query)
    } catch {
      return HTTPAnswers.refusal(.badRequest, error)
    }
    if let compression { return respond(to: request, with: found, compression) }
    var headers = ResultEndpoint.fields(found.mediaType, name: found.name)
    headers[.eTag] = found.eTag
    headers[.acceptRanges] = "bytes"
    // Of the whole, also where a part is sent (RFC 9530, section 3).
    if let sha256 = found.sha256, let digest = HTTPField.Name("Repr-Digest") {
      headers[digest] = "sha-256=:\(ResultEndpoint.base64(hexadecimal: sha256)):"
    }
    guard ETagCondition.isAllowed(found.eTag, byMatch: request.headers[.ifMatch]) else {
      return HTTPAnswers.refusal(
        .preconditionFailed,
        RPCError(
          .failedPrecondition, reason: "RESULT_REPLACED",
          "The result's tag is \(found.eTag), which If-Match doesn't name. Download the new result from its beginning."),
        headers: [.eTag: found.eTag])
    }
    if ETagCondition.isNamed(found.eTag, byNoneMatch: request.headers[.ifNoneMatch]) {
      return Response(status: .notModified, headers: headers)
    }
    // Only GET knows ranges (RFC 9110, section 14.2).
    let range = request.method == .get ? request.headers[.range] : nil
    switch ByteRange(range, ifRange: request.headers[.ifRange], eTag: found.eTag, bytes: found.bytes) {
    case .whole:
      headers[.contentLength] = String(found.bytes)
      return download(.ok, headers, found.file, 0..<found.bytes, isHead: request.method == .head)
    case .part(let part):
      headers[.contentLength] = String(part.count)
      headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(found.bytes)"
      return download(.partialContent, headers, found.file, part, isHead: false)
    case .unsatisfiable:
      return HTTPAnswers.refusal(
        .rangeNotSatisfiable,
        RPCError(
          .outOfRange, reason: "RANGE_NOT_SATISFIABLE", "The result has \(found.bytes) bytes, and none in this range."),
        headers: [.contentRange: "bytes */\(found.bytes)", .eTag: found.eTag])
    }
  }

  /// Another file of the same rows: it is made while it is sent, so that it has no length before, and no ranges.
  private func respond(
    to request: Request, with found: Representation, _ compression: DownloadCompression
  ) -> Response {
    let headers = ResultEndpoint.fields(compression.mediaType, name: found.name + compression.suffix)
    // It has no tag that a condition could name.
    guard ETagCondition.isAllowed("", byMatch: request.headers[.ifMatch]) else {
      return HTTPAnswers.refusal(
        .preconditionFailed,
        RPCError(
          .failedPrecondition, reason: "RESULT_REPLACED",
          "A compressed result has no tag, so If-Match names another. Leave it out, or download the result as it is."))
    }
    // Nor is its length known: a HEAD says none.
    if request.method == .head {
      return Response(status: .ok, headers: headers, body: ResponseBody { try await $0.finish(nil) })
    }
    guard let slot = DownloadSlot(open) else { return tooMany }
    let (file, bytes) = (found.file, found.bytes)
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        defer { withExtendedLifetime(slot) {} }
        let compressor = try compression.makeCompressor()
        var offset = 0
        repeat {
          let (start, count) = (offset, min(ResultEndpoint.pieceBytes, bytes - offset))
          let piece = try await NIOThreadPool.singleton.runIfActive {
            let piece = try file.read(at: start, bytes: count)
            if piece.count < count { throw SystemCallError("read: the file is shorter than it was", 0) }
            return try compressor.compress(piece, isLast: start + count == bytes)
          }
          if !piece.isEmpty { try await writer.write(ByteBuffer(bytes: piece)) }
          offset += count
        } while offset < bytes
        try await writer.finish(nil)
      })
  }

  private static func fields(_ mediaType: String, name: String) -> HTTPFields {
    [
      .contentType: mediaType, .cacheControl: "private, no-cache", .xContentTypeOptions: "nosniff",
      .contentDisposition: DownloadName.disposition(name),
    ]
  }

  private var tooMany: Response {
    HTTPAnswers.refusal(
      .tooManyRequests,
      RPCError(
        .resourceExhausted, reason: "TOO_MANY_DOWNLOADS",
        "\(open.most) results are being downloaded, which is the limit (downloads). Try again.",
        retryAfterMilliseconds: 1_000), headers: [.retryAfter: "1"])
  }

  /// A download has its place among those that are open until its last byte is written, or its reader has gone.
  private func download(
    _ status: HTTPResponse.Status, _ headers: HTTPFields, _ file: any InputObject, _ range: Range<Int>, isHead: Bool
  ) -> Response {
    if isHead {
      return Response(status: status, headers: headers, body: ResponseBody(contentLength: range.count) { _ in })
    }
    guard let place = DownloadSlot(open) else { return tooMany }
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
}
