import HTTPTypes
import HummingbirdCore
import TallySchema
import Uploads

/// The answers of tus 1.0.
struct TusAnswers: Sendable {
  let limits: Limits
  private var lifecycle: UploadLifecycle { UploadLifecycle(limits: limits) }

  init(limits: Limits) { self.limits = limits }

  /// What `OPTIONS` tells of the server.
  var abilities: HTTPFields {
    [
      TusField.version: TusField.spoken, TusField.extensions: TusField.extensionList,
      TusField.maxSize: String(limits.uploadBytes),
      TusField.checksumAlgorithm: UploadChecksum.Algorithm.allCases.map(\.rawValue).joined(separator: ","),
    ]
  }

  /// - Parameter path: that was asked. The new upload's is given beside it (RFC 3986, section 5.2), so that it holds behind a
  ///   proxy that has the server under another path, name or scheme.
  func created(_ upload: UploadRecord, path: String, withBytes: Bool) -> Response {
    let isFolder = path.utf8.last == UInt8(ascii: "/")
    var headers: HTTPFields = [.location: (isFolder ? "" : "uploads/") + upload.id]
    if withBytes { headers[TusField.offset] = String(upload.received) }
    headers[TusField.expires] = expires(upload)
    return Response(status: .created, headers: headers)
  }

  func appended(_ upload: UploadRecord) -> Response {
    var headers: HTTPFields = [TusField.offset: String(upload.received)]
    headers[TusField.expires] = expires(upload)
    return Response(status: .noContent, headers: headers)
  }

  /// The answer to `HEAD`.
  func state(_ upload: UploadRecord) -> Response {
    var headers: HTTPFields = [.cacheControl: "no-store"]
    // Of a list that isn't complete, an offset would say nothing of where the next bytes go.
    if upload.kind != .final || upload.isComplete { headers[TusField.offset] = String(upload.received) }
    if let length = upload.length {
      headers[TusField.length] = String(length)
    } else if upload.kind != .final {
      headers[TusField.deferLength] = "1"
    }
    if !upload.metadata.isEmpty { headers[TusField.metadata] = upload.metadata }
    switch upload.kind {
    case .whole: break
    case .partial: headers[TusField.concat] = "partial"
    case .final:
      headers[TusField.concat] = "final;" + (upload.parts ?? []).map { "/uploads/\($0)" }.joined(separator: " ")
    }
    headers[TusField.expires] = expires(upload)
    return Response(status: .ok, headers: headers)
  }

  private func expires(_ upload: UploadRecord) -> String { HTTPDate.text(lifecycle.expiry(of: upload)) }

  /// - Parameter closes: a body that nobody wants may be on its way.
  func refusal(_ refused: TusRequest.Refused, closes: Bool) -> Response {
    HTTPAnswers.refusal(
      refused.status,
      RPCError(.invalidArgument, reason: refused.reason, refused.message, code: 3, field: refused.field),
      headers: refused.status == .preconditionFailed ? [TusField.version: TusField.spoken] : [:], closes: closes)
  }

  /// The same bytes for an upload that isn't there and for another owner's.
  func notFound(closes: Bool) -> Response {
    HTTPAnswers.refusal(
      .notFound, RPCError(.notFound, reason: "UPLOAD_NOT_FOUND", "There is no such upload. Begin anew."), closes: closes
    )
  }

  /// The offset at which the next request's bytes must begin; the connection may bring bytes that nobody wants.
  func wrongOffset(_ upload: UploadRecord) -> Response {
    HTTPAnswers.refusal(
      .conflict,
      RPCError(
        .failedPrecondition, reason: "WRONG_OFFSET",
        "The upload has \(upload.received) bytes: the next ones begin there. Send them from there (Upload-Offset).",
        field: "Upload-Offset"), headers: [TusField.offset: String(upload.received)], closes: true)
  }

  func wrongChecksum(_ upload: UploadRecord) -> Response {
    HTTPAnswers.refusal(
      .init(code: 460, reasonPhrase: "Checksum Mismatch"),
      RPCError(
        .dataLoss, reason: "CHECKSUM_MISMATCH",
        "What came isn't what was sent: nothing of it is kept. Send it again from \(upload.received).",
        field: "Upload-Checksum"), headers: [TusField.offset: String(upload.received)], closes: true)
  }

  func refusal(_ refusal: UploadRefusal, closes: Bool) -> Response {
    let (status, error) = TusAnswers.explained(refusal)
    return HTTPAnswers.refusal(status, error, closes: closes)
  }

  private static func explained(_ refusal: UploadRefusal) -> (HTTPResponse.Status, RPCError) {
    func limited(_ reason: String, _ message: String) -> RPCError {
      RPCError(.resourceExhausted, reason: reason, message)
    }
    func invalid(_ reason: String, _ message: String, _ field: String) -> RPCError {
      RPCError(.failedPrecondition, reason: reason, message, field: field)
    }
    switch refusal {
    case .notFound:
      return (.notFound, RPCError(.notFound, reason: "UPLOAD_NOT_FOUND", "There is no such upload. Begin anew."))
    case .expired:
      return (
        .gone,
        RPCError(
          .notFound, reason: "UPLOAD_EXPIRED",
          "Nothing came for this upload for too long, and it was given up (uploadExpiryMilliseconds). Begin anew.")
      )
    case .isFinal:
      return (
        .forbidden, invalid("FINAL_UPLOAD", "This upload is a list of its parts and takes no bytes.", "Upload-Concat")
      )
    case .tooLarge(let limit):
      return (
        .contentTooLarge,
        limited("UPLOAD_TOO_LARGE", "The upload is larger than \(limit) bytes, which is the limit (uploadBytes).")
      )
    case .tooManyParts(let limit):
      return (
        .contentTooLarge,
        limited("TOO_MANY_PARTS", "A final upload has \(limit) parts at the most, which is the limit (uploadParts).")
      )
    case .tooManySegments(let limit):
      return (
        .contentTooLarge,
        limited(
          "TOO_MANY_SEGMENTS",
          "\(limit) requests have sent bytes of this upload, which is the limit (uploadSegments). Begin anew, with more bytes in each."
        )
      )
    case .tooManyUploads(let limit):
      return (
        .serviceUnavailable,
        limited(
          "TOO_MANY_UPLOADS_KEPT",
          "The server keeps \(limit) uploads, which is the limit (uploadsKept). Delete some, or wait until they expire."
        )
      )
    case .partNotFound(let id):
      return (
        .badRequest,
        invalid("PART_NOT_FOUND", "There is no upload '\(Excerpt.of(id))' to be a part of this one.", "Upload-Concat")
      )
    case .partIsNotPartial(let id):
      return (
        .badRequest,
        invalid(
          "PART_NOT_PARTIAL", "The upload '\(Excerpt.of(id))' wasn't made as a part (Upload-Concat: partial).",
          "Upload-Concat")
      )
    case .partTwice(let id):
      return (.badRequest, invalid("PART_TWICE", "The list has the upload '\(Excerpt.of(id))' twice.", "Upload-Concat"))
    case .tooManyLists(let limit):
      return (
        .contentTooLarge,
        limited(
          "TOO_MANY_LISTS",
          "One of the parts is in \(limit) final uploads already, which is the most that it may be in.")
      )
    case .lengthKnown(let bytes):
      return (
        .badRequest,
        invalid("LENGTH_KNOWN", "The upload's length has been told before: \(bytes) bytes.", "Upload-Length")
      )
    case .inUse(let job):
      return (
        .conflict,
        RPCError(
          .failedPrecondition, reason: "UPLOAD_IN_USE",
          "The unfinished job \(job) reads this upload. Wait for the job, or cancel it.")
      )
    case .lengthBelowOffset(let offset):
      return (
        .badRequest,
        invalid(
          "LENGTH_BELOW_OFFSET", "\(offset) bytes have come already, which is more than the length.", "Upload-Length")
      )
    }
  }
}
