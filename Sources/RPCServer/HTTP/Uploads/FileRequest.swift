import HTTPTypes
import HummingbirdCore
import TallySchema
import Uploads

/// What a `PUT` of a file asks for, as its head says.
struct FileRequest: Sendable {
  let name: String
  let owner: String
  let condition: FileCondition
  /// What the body's digests must be.
  let digests: [DigestField]
  /// Nil: the head doesn't say.
  let bytes: Int?

  /// - Throws: ``FileEndpoint/Refusal``.
  init(
    _ request: Request, encodedName: String, owner: String, limits: Limits
  ) throws(FileEndpoint.Refusal) {
    self.owner = owner
    name = try FileRequest.name(encodedName)
    // A part of a file would be taken for all of it (RFC 9110, section 14.5).
    if request.headers[.contentRange] != nil {
      throw FileEndpoint.Refusal(
        .badRequest,
        RPCError(
          .invalidArgument, reason: "PART_OF_FILE", "A file is sent whole here: leave Content-Range out.", code: 3))
    }
    if let encoding = request.headers[.contentEncoding], HeaderText.token(encoding) != "identity" {
      throw FileEndpoint.Refusal(
        .unsupportedMediaType,
        RPCError(
          .invalidArgument, reason: "UNSUPPORTED_ENCODING",
          "A file is kept as it is sent. Name a compressed one so, as in plays.csv.gz, and leave Content-Encoding out.",
          code: 3))
    }
    condition = FileCondition(
      match: FileRequest.tags(request, .ifMatch), noneMatch: FileRequest.tags(request, .ifNoneMatch))
    digests = try FileRequest.digests(request)
    bytes = request.headers[.contentLength].flatMap { Int($0) }
    if let bytes, bytes > limits.uploadBytes { throw FileRequest.tooLarge(limits) }
  }

  static var incomplete: FileEndpoint.Refusal {
    FileEndpoint.Refusal(
      .badRequest,
      RPCError(
        .cancelled, reason: "BODY_INCOMPLETE", "The file ended too early, and nothing of it is kept. Send it again.",
        code: 3))
  }

  static func tooLarge(_ limits: Limits) -> FileEndpoint.Refusal {
    FileEndpoint.Refusal(
      .contentTooLarge,
      RPCError(
        .resourceExhausted, reason: "UPLOAD_TOO_LARGE",
        "The file is larger than \(limits.uploadBytes) bytes, which is the limit (uploadBytes)."))
  }

  private static func name(_ encoded: String) throws(FileEndpoint.Refusal) -> String {
    func refused(_ rule: String) -> FileEndpoint.Refusal {
      FileEndpoint.Refusal(
        .badRequest,
        RPCError(
          .invalidArgument, reason: "INVALID_NAME", "The file's name \(rule).", code: 3, field: "name"))
    }
    // In a path, a plus is a plus.
    guard
      let name = QueryCall.decoded(
        encoded.split(separator: "+", omittingEmptySubsequences: false).joined(separator: "%2B"))
    else { throw refused("must be percent-encoded UTF-8") }
    if let problem = InputReference.problem(ofNew: name) { throw refused(problem) }
    if FileName.isPattern(name) { throw refused("must not have *, ? or [ in it, by which jobs name several files") }
    return name
  }

  private static func tags(_ request: Request, _ field: HTTPField.Name) -> [String]? {
    let values = request.headers[values: field]
    return values.isEmpty ? nil : values.flatMap { HeaderText.parts($0, by: ",") }
  }

  private static func digests(_ request: Request) throws(FileEndpoint.Refusal) -> [DigestField] {
    var digests: [DigestField] = []
    // Without a content coding, both are of the same bytes.
    for name in ["Repr-Digest", "Content-Digest"] {
      guard let text = HTTPField.Name(name).flatMap({ request.headers[$0] }) else { continue }
      let digest: DigestField
      do {
        digest = try DigestField(text)
      } catch {
        throw FileEndpoint.Refusal(
          .badRequest,
          RPCError(
            .invalidArgument, reason: "INVALID_DIGEST",
            "\(name) must be as RFC 9530 has it: sha-256=:…:, in base64 between colons.", code: 3, field: name))
      }
      guard digest.isKnown else {
        throw FileEndpoint.Refusal(
          .badRequest,
          RPCError(
            .invalidArgument, reason: "UNKNOWN_DIGEST",
            "\(name) has no algorithm that is checked here: sha-256, sha-512.", code: 3, field: name))
      }
      digests.append(digest)
    }
    return digests
  }

  /// Checks what has come against what the head has promised.
  ///
  /// - Throws: ``FileEndpoint/Refusal``.
  func check(_ summary: UploadWriter.Summary) throws(FileEndpoint.Refusal) {
    if let bytes, bytes != summary.bytes { throw FileRequest.incomplete }
    for digest in digests {
      let isRight =
        digest.sha256.map { $0 == summary.sha256 } ?? true && digest.sha512.map { $0 == summary.sha512 } ?? true
      guard !isRight else { continue }
      throw FileEndpoint.Refusal(
        .badRequest,
        RPCError(
          .dataLoss, reason: "DIGEST_MISMATCH",
          "What came isn't what was sent: its SHA-256 is \(summary.sha256.hexadecimal). Nothing is kept; send it again."
        ))
    }
  }
}
