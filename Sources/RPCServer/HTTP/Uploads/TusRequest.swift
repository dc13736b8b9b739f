import HTTPTypes
import TallySchema
import Uploads

/// What a request of tus 1.0 says in its head: pure.
enum TusRequest {
  /// `POST /uploads`: a new upload.
  struct Creation: Hashable {
    var kind = UploadRecord.Kind.whole
    var metadata = ""
    var parts: [String]?
    /// Nil: it is told later, or follows from the parts.
    var length: Int?
    /// The request brings the first bytes as well.
    var body: Body?
  }

  /// `PATCH /uploads/ID`: the next bytes.
  struct Patch: Hashable {
    var offset: Int
    /// Where it hasn't been told before.
    var length: Int?
    var body: Body
  }

  struct Body: Hashable {
    /// Nil: the head doesn't say.
    var bytes: Int?
    var checksum: UploadChecksum?
  }

  struct Refused: Error, Hashable {
    var status: HTTPResponse.Status
    var reason: String
    var message: String
    var field: String?

    init(_ status: HTTPResponse.Status, _ reason: String, _ message: String, field: String? = nil) {
      (self.status, self.reason, self.message, self.field) = (status, reason, message, field)
    }

    init(_ reason: String, _ message: String, field: String? = nil) {
      self.init(.badRequest, reason, message, field: field)
    }
  }

  /// Which method is meant: clients that can't send it say it in a field.
  static func method(_ head: HTTPRequest) -> HTTPRequest.Method {
    guard head.method == .post, let text = head.headerFields[TusField.methodOverride] else { return head.method }
    return HTTPRequest.Method(text) ?? head.method
  }

  /// - Throws: ``Refused`` 412 where the version isn't the one that is spoken here.
  static func checkVersion(_ fields: HTTPFields) throws(Refused) {
    guard fields[TusField.resumable]?.hasSameBytes(as: TusField.spoken) == true else {
      throw Refused(
        .preconditionFailed, "UNKNOWN_TUS_VERSION",
        "Send Tus-Resumable: \(TusField.spoken), the version of the upload protocol that is spoken here.",
        field: "Tus-Resumable")
    }
  }

  /// - Parameter isID: whether a text can be the ID of an upload.
  /// - Throws: ``Refused``.
  static func creation(_ fields: HTTPFields, isID: (String) -> Bool) throws(Refused) -> Creation {
    var creation = Creation()
    creation.metadata = fields[TusField.metadata] ?? ""
    do {
      _ = try UploadMetadata(creation.metadata)
    } catch {
      throw Refused("INVALID_METADATA", "Upload-Metadata \(error.why).", field: "Upload-Metadata")
    }
    if let text = fields[TusField.concat] { try join(text, &creation, isID: isID) }
    creation.length = try number(fields, TusField.length)
    try checkLength(creation, isDeferred: isDeferred(fields))
    if fields[.contentType] != nil || (contentLength(fields) ?? 0) > 0 || fields[.transferEncoding] != nil {
      // A client may name the type of a body that it doesn't send.
      if fields[.contentLength] != "0" { creation.body = try body(fields) }
      if creation.kind == .final, creation.body?.bytes ?? 1 > 0, creation.body != nil {
        throw Refused(
          "FINAL_UPLOAD", "A final upload is a list of its parts and takes no bytes.", field: "Upload-Concat")
      }
    }
    return creation
  }

  /// - Throws: ``Refused``.
  static func patch(_ fields: HTTPFields) throws(Refused) -> Patch {
    let body = try body(fields)
    guard let offset = try number(fields, TusField.offset) else {
      throw Refused("NO_OFFSET", "Upload-Offset must say where these bytes begin.", field: "Upload-Offset")
    }
    return Patch(offset: offset, length: try number(fields, TusField.length), body: body)
  }

  private static func join(_ text: String, _ creation: inout Creation, isID: (String) -> Bool) throws(Refused) {
    if text.hasSameBytes(as: "partial") {
      creation.kind = .partial
      return
    }
    let refused = Refused(
      "INVALID_CONCAT", "Upload-Concat must be 'partial', or 'final;' and the URLs of uploads, with a space between.",
      field: "Upload-Concat")
    guard text.utf8.starts(with: "final;".utf8) else { throw refused }
    var parts: [String] = []
    for url in text.utf8.dropFirst(6).split(separator: UInt8(ascii: " ")) {
      guard let id = uploadID(ofURL: url), isID(id) else { throw refused }
      parts.append(id)
    }
    if parts.isEmpty { throw refused }
    (creation.kind, creation.parts) = (.final, parts)
  }

  /// The ID in an upload's URL, relative or absolute. Whose server it names is the client's affair: behind a proxy, ours has
  /// many names, and the ID is looked up among the caller's own.
  private static func uploadID(ofURL url: Substring.UTF8View) -> String? {
    guard let slash = url.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    let folder = url[..<slash]
    guard folder.elementsEqual("uploads".utf8) || folder.suffix(8).elementsEqual("/uploads".utf8) else { return nil }
    return String(decoding: url[url.index(after: slash)...], as: UTF8.self)
  }

  private static func checkLength(_ creation: Creation, isDeferred: Bool) throws(Refused) {
    if creation.kind == .final {
      if creation.length == nil, !isDeferred { return }
      throw Refused(
        "FINAL_LENGTH", "A final upload's length is that of its parts: leave it out.", field: "Upload-Length")
    }
    guard (creation.length != nil) != isDeferred else {
      throw Refused(
        "NO_LENGTH", "Say Upload-Length, or Upload-Defer-Length: 1 where it is told later, and not both.",
        field: "Upload-Length")
    }
  }

  private static func isDeferred(_ fields: HTTPFields) throws(Refused) -> Bool {
    guard let text = fields[TusField.deferLength] else { return false }
    guard text.hasSameBytes(as: "1") else {
      throw Refused("INVALID_LENGTH", "Upload-Defer-Length must be 1.", field: "Upload-Defer-Length")
    }
    return true
  }

  private static func body(_ fields: HTTPFields) throws(Refused) -> Body {
    guard fields[.contentType].flatMap({ HeaderText.token($0) }) == TusField.bodyType else {
      throw Refused(
        .unsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "An upload's bytes are sent as \(TusField.bodyType).",
        field: "Content-Type")
    }
    if let encoding = fields[.contentEncoding], HeaderText.token(encoding) != "identity" {
      throw Refused(
        .unsupportedMediaType, "UNSUPPORTED_ENCODING",
        "An upload is kept as it is sent: leave Content-Encoding out, and name a compressed file so.",
        field: "Content-Encoding")
    }
    return Body(bytes: contentLength(fields), checksum: try checksum(fields))
  }

  private static func checksum(_ fields: HTTPFields) throws(Refused) -> UploadChecksum? {
    guard let text = fields[TusField.checksum] else { return nil }
    do {
      return try UploadChecksum(text)
    } catch {
      let known = UploadChecksum.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
      throw Refused(
        error == .malformed ? "INVALID_CHECKSUM" : "UNKNOWN_CHECKSUM",
        "Upload-Checksum must be an algorithm (\(known)) and the checksum in base64, with a space between.",
        field: "Upload-Checksum")
    }
  }

  private static func contentLength(_ fields: HTTPFields) -> Int? { fields[.contentLength].flatMap { Int($0) } }

  private static func number(_ fields: HTTPFields, _ name: HTTPField.Name) throws(Refused) -> Int? {
    guard let text = fields[name] else { return nil }
    // Digits only: Swift's own reading takes a sign as well.
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text) else {
      throw Refused("INVALID_NUMBER", "\(name) must be a number of bytes.", field: "\(name)")
    }
    return value
  }
}
