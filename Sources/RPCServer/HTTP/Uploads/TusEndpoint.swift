import HTTPTypes
import HummingbirdCore
import JobQueue
import JobRunner
import Logging
import Storage
import TallySchema
import Uploads

/// Uploads in pieces, which can be resumed: tus 1.0 (https://tus.io/protocols/resumable-upload) with creation,
/// creation-with-upload, creation-defer-length, checksum, expiration, termination, concatenation and concatenation-unfinished.
struct TusEndpoint: Sendable {
  let store: any UploadStore
  let storage: any UploadStorage
  let open: InFlightLimit
  let limits: Limits
  let logger: Logger

  private var answers: TusAnswers { TusAnswers(limits: limits) }

  /// What `OPTIONS` tells.
  var abilities: HTTPFields { answers.abilities }

  /// A request, and who sends it.
  struct Call {
    let request: Request
    let owner: String
    /// Called when nothing speaks against the body: `100 Continue` is sent then.
    let wantsBody: () -> Void
  }

  /// `/uploads`.
  func create(_ call: Call) async throws -> Response {
    try await answering(call) {
      let asked = try TusRequest.creation(call.request.headers, isID: JobID.isPlausible)
      if let length = asked.length, length <= limits.uploadBytes { try await checkRoom(for: length) }
      let upload = try await store.createUpload(
        UploadCreation(
          owner: call.owner, kind: asked.kind, metadata: asked.metadata, parts: asked.parts, length: asked.length))
      Failpoint.uploadMade.reach()
      // The parts were looked at one by one: all of them may be more than there is room for. The list stays: it may be one that was
      // there before.
      if upload.kind == .final, let length = upload.length { try await checkRoom(for: length - upload.received) }
      guard let body = asked.body else { return answers.created(upload, path: call.request.uri.path, withBytes: false) }
      return try await fill(upload, body, call)
    }
  }

  /// Takes the first bytes with the creation. Where they are refused, nobody knows of the upload, and it goes.
  private func fill(_ upload: UploadRecord, _ body: TusRequest.Body, _ call: Call) async throws -> Response {
    let answer: Result<Response, any Error>
    do {
      answer = .success(try await append(TusRequest.Patch(offset: 0, length: nil, body: body), to: upload, call))
    } catch {
      answer = .failure(error)
    }
    if case .success(let response) = answer, response.status == .noContent {
      let filled = try await store.upload(upload.id) ?? upload
      return answers.created(filled, path: call.request.uri.path, withBytes: true)
    }
    // What has come of a body that broke is gone on with by nobody either: the answer with the address can't be sent.
    try await delete(upload.id)
    return try answer.get()
  }

  private func delete(_ id: String) async throws {
    for id in try await store.deleteUpload(id) {
      try await onFileThread { [storage] in storage.removeSegments(ofUpload: id) }
    }
  }

  /// `/uploads/ID`.
  func respond(_ call: Call, id: String) async throws -> Response {
    try await answering(call) {
      guard let upload = try await store.upload(id, of: call.owner) else {
        return answers.notFound(closes: TusEndpoint.hasBody(call.request))
      }
      switch TusRequest.method(call.request.head) {
      case .head:
        if upload.expiredAt != nil { throw UploadRefusal.expired }
        return answers.state(upload)
      case .delete:
        try await delete(id)
        return Response(status: .noContent)
      case .patch:
        if upload.kind == .final { throw UploadRefusal.isFinal }
        return try await append(try TusRequest.patch(call.request.headers), to: upload, call)
      default: return HTTPAnswers.methodNotAllowed("HEAD, PATCH, DELETE, OPTIONS")
      }
    }
  }

  /// Whether bytes are on their way that nobody may want.
  private static func hasBody(_ request: Request) -> Bool {
    request.headers[.contentLength].map { $0 != "0" } ?? (request.headers[.transferEncoding] != nil)
  }

  private func answering(_ call: Call, _ body: () async throws -> Response) async throws -> Response {
    let closes = TusEndpoint.hasBody(call.request)
    do {
      try TusRequest.checkVersion(call.request.headers)
      return try await body()
    } catch let refused as TusRequest.Refused {
      return answers.refusal(refused, closes: closes)
    } catch let refusal as UploadRefusal {
      return answers.refusal(refusal, closes: closes)
    } catch let refusal as FileEndpoint.Refusal {
      return refusal.response
    } catch let failure as JobFailure {
      return FileEndpoint.Refusal(failure).response
    }
  }

  private func checkRoom(for bytes: Int) async throws {
    try await onFileThread { [storage, limits] in
      try storage.checkInPlace()
      try UploadRoom.check(for: bytes, in: storage, limits)
    }
  }

  // MARK: Bytes

  private func append(_ patch: TusRequest.Patch, to upload: UploadRecord, _ call: Call) async throws -> Response {
    guard open.take() else { throw TusEndpoint.busy(open.most) }
    defer { open.giveBack() }
    let length = patch.length ?? upload.length
    if let bytes = patch.body.bytes, bytes > (length ?? limits.uploadBytes) - min(patch.offset, length ?? .max) {
      // An offset that is wrong is told first: it may be why the bytes are too many.
      if patch.offset == upload.received { throw FileEndpoint.Refusal(beyond: length, limits) }
    }
    try await checkRoom(for: max(1, patch.body.bytes ?? 1))
    let start = try await store.beginAppending(toUpload: upload.id, at: patch.offset, length: patch.length)
    guard case .begun(let begun) = start else { return answers.wrongOffset(start.upload) }
    Failpoint.segmentBegun.reach()
    call.wantsBody()
    return try await receive(patch, begun, call.request.body)
  }

  private func receive(
    _ patch: TusRequest.Patch, _ upload: UploadRecord, _ body: RequestBody
  ) async throws -> Response {
    let file = "\(patch.offset)-\(upload.epoch)-\(String(UInt32.random(in: .min ... .max), radix: 16))"
    let writer = try await onFileThread { [storage] in
      SegmentWriter(
        try storage.makeSegment(file, ofUpload: upload.id), checksum: patch.body.checksum?.algorithm)
    }
    let receiver = SegmentReceiver(
      writer: writer, journal: SegmentJournal(upload, file: file, store: store),
      bytesMost: (upload.length ?? limits.uploadBytes) - patch.offset,
      checkRoom: { [storage, limits] in try UploadRoom.check(for: 1, in: storage, limits) },
      isWhole: patch.body.checksum != nil)
    let end: Result<Void, any Error>
    do {
      end = .success(try await receiver.receive(body))
    } catch {
      end = .failure(error)
    }
    // A task of its own journals what has come, even if the sender no longer waits.
    return try await Task { try await finish(receiver, patch.body.checksum, end) }.value
  }

  /// Journals what has come, as far as it counts, and answers.
  private func finish(
    _ receiver: SegmentReceiver, _ checksum: UploadChecksum?, _ end: Result<Void, any Error>
  ) async throws -> Response {
    let (writer, journal) = (receiver.writer, receiver.journal)
    let outcome: Result<Response, any Error>
    do {
      outcome = .success(try await conclude(receiver, checksum, end))
    } catch {
      outcome = .failure(error)
    }
    if journal.isEmpty { try await onFileThread { writer.discard() } }
    return try outcome.get()
  }

  private func conclude(
    _ receiver: SegmentReceiver, _ checksum: UploadChecksum?, _ end: Result<Void, any Error>
  ) async throws -> Response {
    let isWhole = (try? end.get()) != nil
    do {
      if let checksum {
        try end.get()
        guard receiver.writer.checksum == checksum.value else { return answers.wrongChecksum(receiver.journal.upload) }
      }
      // What came before a body broke counts as well, unless another has taken over.
      if isWhole || !(end.failure is SegmentReceiver.Superseded) { try await receiver.checkpoint() }
      try end.get()
    } catch is SegmentReceiver.Superseded {
      return try await superseded(receiver.journal.upload)
    } catch BodyPump.Problem.tooMuch {
      throw FileEndpoint.Refusal(beyond: receiver.journal.upload.length, limits)
    } catch BodyPump.Problem.broken {
      throw TusEndpoint.incomplete
    }
    return answers.appended(receiver.journal.record)
  }

  private func superseded(_ upload: UploadRecord) async throws -> Response {
    guard let now = try await store.upload(upload.id), now.expiredAt == nil else {
      return answers.notFound(closes: true)
    }
    return answers.wrongOffset(now)
  }

  private static var incomplete: FileEndpoint.Refusal {
    FileEndpoint.Refusal(
      .badRequest,
      RPCError(
        .cancelled, reason: "BODY_INCOMPLETE",
        "The bytes ended too early. What came is kept: ask for the offset (HEAD), and go on from there.", code: 3))
  }

  private static func busy(_ most: Int) -> FileEndpoint.Refusal {
    // 503, which the protocol's clients try again.
    FileEndpoint.Refusal(
      .serviceUnavailable,
      RPCError(
        .resourceExhausted, reason: "TOO_MANY_UPLOADS",
        "\(most) files are being uploaded, which is the limit (uploads). Try again.",
        retryAfterMilliseconds: 1_000), headers: [.retryAfter: "1"])
  }
}

extension Result {
  fileprivate var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}

extension FileEndpoint.Refusal {
  /// More bytes than the upload may have.
  fileprivate init(beyond length: Int?, _ limits: Limits) {
    self.init(
      .contentTooLarge,
      RPCError(
        .resourceExhausted, reason: length == nil ? "UPLOAD_TOO_LARGE" : "BEYOND_LENGTH",
        length.map { "The bytes go beyond the upload's length of \($0) bytes." }
          ?? "The upload is larger than \(limits.uploadBytes) bytes, which is the limit (uploadBytes)."))
  }
}
