import Foundation
import HTTPTypes
import HummingbirdCore
import JobQueue
import NIOCore
import NIOPosix
import Storage
import TallySchema
import Uploads

/// `PUT /files/NAME`: a whole file in one request, shown under its name when all of it is on disk. Unless `If-Match` says
/// otherwise, no file is replaced (RFC 9110, section 9.3.4).
struct FileEndpoint: Sendable {
  let store: any JobStore
  let storage: any UploadStorage
  let open: InFlightLimit
  let limits: Limits
  /// Who may read the files, as the system's bits of a file's mode.
  let fileMode: UInt32

  /// A refusal of the transport, made where the request is found wanting.
  struct Refusal: Error {
    var response: Response
    init(_ status: HTTPResponse.Status, _ error: RPCError, headers: HTTPFields = [:]) {
      response = HTTPAnswers.refusal(status, error, headers: headers, closes: true)
    }
    init(_ failure: JobFailure) {
      let status: HTTPResponse.Status =
        failure.reason == "DISK_FULL" ? .init(code: 507) : .init(code: failure.status.httpStatus)
      self.init(status, RPCError(failure, field: "name"))
    }
  }

  /// - Parameter wantsBody: called when nothing speaks against the upload: `100 Continue` is sent then.
  func put(
    _ request: Request, encodedName: String, owner: String, wantsBody: () -> Void
  ) async throws -> Response {
    do {
      let asked = try FileRequest(request, encodedName: encodedName, owner: owner, limits: limits)
      guard open.take() else {
        throw Refusal(
          .tooManyRequests,
          RPCError(
            .resourceExhausted, reason: "TOO_MANY_UPLOADS",
            "\(open.most) files are being uploaded, which is the limit (uploads). Try again.",
            retryAfterMilliseconds: 1_000), headers: [.retryAfter: "1"])
      }
      defer { open.giveBack() }
      try await checkRoom(for: asked)
      _ = try await checkName(asked)
      wantsBody()
      return try await receive(request, asked)
    } catch let refusal as Refusal {
      return refusal.response
    } catch let failure as JobFailure {
      return Refusal(failure).response
    } catch let error as JobStoreError {
      return Refusal(.conflict, RPCError(error)).response
    }
  }

  private func checkRoom(for asked: FileRequest) async throws {
    try await onFileThread { [storage, limits] in
      try storage.checkInPlace()
      try storage.checkPlace(of: asked.name)
      try UploadRoom.check(for: asked.bytes ?? 1, in: storage, limits)
    }
  }

  /// Whether the name may be given a new file now.
  ///
  /// - Returns: whether there is one, which is replaced.
  private func checkName(_ asked: FileRequest) async throws -> Bool {
    let identity = try await onFileThread { [storage] in try storage.identity(of: asked.name) }
    let eTag = identity.map { "\"\($0)\"" }
    let decision = asked.condition.decide(eTag: eTag)
    switch decision {
    case .make, .replace: break
    case .refuseThere:
      throw Refusal(
        .preconditionFailed,
        RPCError(
          .failedPrecondition, reason: "FILE_EXISTS",
          "There is a file '\(asked.name)'. Use another name, or ask for it to be replaced (--replace, If-Match).",
          field: "name"),
        headers: eTag.map { [.eTag: $0] } ?? [:])
    case .refuseChanged:
      throw Refusal(
        .preconditionFailed,
        RPCError(
          .failedPrecondition, reason: "FILE_CHANGED",
          "'\(asked.name)' is \(eTag.map { "the file \($0)" } ?? "no file"), which isn't the one that If-Match names.",
          field: "name"), headers: eTag.map { [.eTag: $0] } ?? [:])
    }
    try await store.checkName(asked.name, of: asked.owner, isThere: identity != nil)
    if let identity, let reader = try await store.readers(of: identity).first {
      throw JobStoreError.outputIsInput(name: asked.name, jobID: reader.jobID)
    }
    return identity != nil
  }

  private func receive(_ request: Request, _ asked: FileRequest) async throws -> Response {
    let writer = try await onFileThread { [storage] in
      try UploadWriter(storage.stageUpload(), withSHA512: asked.digests.contains { $0.sha512 != nil })
    }
    let pump = BodyPump(bytesMost: limits.uploadBytes) { [storage, limits] buffers in
      try UploadRoom.check(for: 1, in: storage, limits)
      for buffer in buffers { try buffer.withUnsafeReadableBytes { try writer.append($0) } }
    }
    do {
      try await pump.run(request.body)
    } catch BodyPump.Problem.tooMuch {
      throw FileRequest.tooLarge(limits)
    } catch BodyPump.Problem.broken {
      throw FileRequest.incomplete
    }
    let summary = try await onFileThread { writer.summary() }
    try asked.check(summary)
    // The whole file has come. A task of its own names it and removes the staged file, even if the sender no longer
    // waits.
    return try await Task { try await finish(writer, asked, summary) }.value
  }

  private func finish(
    _ writer: UploadWriter, _ asked: FileRequest, _ summary: UploadWriter.Summary
  ) async throws -> Response {
    try await onFileThread { [fileMode] in try writer.finish(permissions: fileMode) }
    let outcome: Result<Response, any Error>
    do {
      outcome = .success(try await show(writer.file, asked, summary))
    } catch {
      outcome = .failure(error)
    }
    try await onFileThread { [storage] in storage.removeUpload(writer.file) }
    return try outcome.get()
  }

  /// Gives the file its name, under the lock by which results are given theirs.
  private func show(_ file: String, _ asked: FileRequest, _ summary: UploadWriter.Summary) async throws -> Response {
    guard let hold = try await storage.hold(asked.name, atMostMilliseconds: 5_000) else {
      throw Refusal(
        .conflict,
        RPCError(
          .aborted, reason: "NAME_LOCKED", "Another process is giving '\(asked.name)' a file. Try again.", field: "name"
        ))
    }
    defer { withExtendedLifetime(hold) {} }
    let isReplaced = try await checkName(asked)
    let name = asked.name
    let eTag = try await onFileThread { [storage] in
      try storage.makeFolders(of: name)
      do {
        try storage.show(file, as: name, temporary: "upload-\(FileName.parts(file).last ?? file)") { _ in }
      } catch {
        throw JobFailure(
          .failedPrecondition, reason: "FILE_NOT_SHOWN", "\(name): the file can't be given this name (\(error)).",
          file: name)
      }
      return try storage.identity(of: name).map { "\"\($0)\"" }
    }
    return FileEndpoint.response(asked, summary, eTag: eTag, isReplaced: isReplaced)
  }

  private static func response(
    _ asked: FileRequest, _ summary: UploadWriter.Summary, eTag: String?, isReplaced: Bool
  ) -> Response {
    var headers: HTTPFields = [:]
    headers[.eTag] = eTag
    if let name = HTTPField.Name("Repr-Digest") {
      headers[name] = "sha-256=:\(Data(summary.sha256).base64EncodedString()):"
    }
    let file = UploadedFile(
      name: asked.name, bytes: summary.bytes, sha256: summary.sha256.hexadecimal, replaced: isReplaced)
    return HTTPAnswers.json(Array(file.json.text.utf8), status: isReplaced ? .ok : .created, headers: headers)
  }
}

/// Runs an upload's disk work on threads that may block: their own, since a sync may take long, and who downloads waits for the
/// others.
func onFileThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await UploadThreads.pool.runIfActive(body)
}

private enum UploadThreads {
  /// As long as the process.
  static let pool = {
    let pool = NIOThreadPool(numberOfThreads: 16)
    pool.start()
    return pool
  }()
}
