import Synchronization
import TallySchema

extension TallyClient {
  /// An upload that has begun: where it is sent to.
  public struct PendingUpload: Sendable {
    /// The upload's ID, by which a job can read it from now on: `upload:ID`.
    public let id: String
    /// The IDs of its parts, in their order; of an upload that is sent in one stretch, its own.
    let parts: [String]
    let plan: UploadPlan

    /// As an input of a job.
    public var input: String { InputReference.upload(id).text }
  }

  /// Begins an upload in pieces, of which nothing is sent yet. A job may be submitted that reads it, and waits until it is complete.
  ///
  /// - Parameter connections: by which its parts are sent side by side.
  /// - Throws: ``RPCClientError``: UPLOAD_TOO_LARGE, DISK_FULL, TOO_MANY_UPLOADS_KEPT.
  public func beginUpload(of source: UploadSource, connections: Int = 4) async throws -> PendingUpload {
    let plan = UploadPlan(bytes: source.bytes, connections: connections)
    let metadata = TallyClient.metadata(name: source.name)
    guard plan.parts.count > 1 else {
      let id = try await create(metadata.merging(["Upload-Length": String(source.bytes)]) { $1 })
      return PendingUpload(id: id, parts: [id], plan: plan)
    }
    var parts: [String] = []
    do {
      for part in plan.parts {
        parts.append(try await create(["Upload-Concat": "partial", "Upload-Length": String(part.count)]))
      }
      let list = "final;" + parts.map { "/uploads/\($0)" }.joined(separator: " ")
      let id = try await create(metadata.merging(["Upload-Concat": list]) { $1 })
      return PendingUpload(id: id, parts: parts, plan: plan)
    } catch {
      // Nobody else knows of them.
      for id in parts { _ = try? await exchange("DELETE", "/uploads/" + id) }
      throw error
    }
  }

  /// Sends all bytes of an upload. Whatever breaks is gone on with, also on another server of a fleet, for as long as the
  /// configuration allows (``Configuration/reconnectMilliseconds``) without a byte's getting through.
  ///
  /// - Parameter onProgress: told how many bytes of all the server has, now and then.
  /// - Throws: ``RPCClientError``; what the source throws.
  public func send(
    _ source: UploadSource, to upload: PendingUpload, onProgress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws {
    let progress = UploadProgress(parts: upload.parts.count, onProgress)
    // The first alone: with it, the upload can be described.
    let parts = Array(zip(upload.parts, upload.plan.parts).enumerated())
    if let (index, (id, range)) = parts.first {
      try await send(source, range, to: id) { progress.set(index, $0) }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, (id, range)) in parts.dropFirst() {
        group.addTask { try await self.send(source, range, to: id) { progress.set(index, $0) } }
      }
      try await group.waitForAll()
    }
  }

  /// Sends a stream of unknown length, from its beginning: what can't be read again is kept until the server has it.
  ///
  /// - Parameters:
  ///   - upload: as ``beginUpload(named:)`` returned it.
  ///   - next: the next bytes; nil at the end.
  /// - Throws: ``RPCClientError``; what `next` throws.
  public func send(
    to upload: PendingUpload, onProgress: @escaping @Sendable (Int) -> Void = { _ in },
    _ next: @Sendable () async throws -> [UInt8]?
  ) async throws {
    var (sent, piece) = (0, [UInt8]())
    var isAtEnd = false
    while !isAtEnd {
      let wanted = UploadPlan.piece(from: sent, of: .max, most: UploadPlan.pieceBytes).count
      while piece.count < wanted {
        guard let more = try await next() else {
          isAtEnd = true
          break
        }
        piece += more
      }
      let (base, bytes) = (sent, piece)
      let source = UploadSource(bytes: base + bytes.count) { offset, most in
        Array(bytes[(offset - base)..<min(offset - base + most, bytes.count)])
      }
      try await send(source, 0..<source.bytes, to: upload.id, from: base, isLast: isAtEnd) { onProgress($0) }
      (sent, piece) = (sent + bytes.count, [])
    }
  }

  /// Begins an upload whose length isn't known.
  ///
  /// - Parameter name: what the server is told that the bytes are called.
  public func beginUpload(named name: String? = nil) async throws -> PendingUpload {
    let id = try await create(TallyClient.metadata(name: name).merging(["Upload-Defer-Length": "1"]) { $1 })
    return PendingUpload(id: id, parts: [id], plan: UploadPlan(bytes: 0, connections: 1))
  }

  /// Removes an upload from the server. One that is gone counts as removed.
  ///
  /// - Throws: ``RPCClientError``: UPLOAD_IN_USE while an unfinished job reads it.
  public func removeUpload(_ upload: PendingUpload) async throws {
    // The list first: its parts' bytes belong to it, and theirs are names only.
    for id in Set([upload.id] + upload.parts).sorted(by: { a, _ in a == upload.id }) {
      do {
        _ = try await exchangeAgain("DELETE", "/uploads/" + id)
      } catch let error as RPCClientError where error.status == .notFound {}
    }
  }

  // MARK: Requests

  private static func metadata(name: String?) -> [String: String] {
    name.map { ["Upload-Metadata": "filename " + Base64.encode($0.utf8)] } ?? [:]
  }

  private func exchange(
    _ method: String, _ path: String, _ fields: [String: String] = [:], _ content: RPCUpload? = nil
  ) async throws -> HTTPResponseHead {
    let fields = fields.merging(["Tus-Resumable": "1.0.0"]) { $1 }
    let call = self.call(.upload, path, isRepeatable: false)
    return try await configuration.interceptors.run(call) { call in
      try await self.transport.exchange(method, path, fields: fields, content, call)
    }
  }

  /// A request that may be made twice, until it succeeds.
  private func exchangeAgain(
    _ method: String, _ path: String, _ fields: [String: String] = [:]
  ) async throws -> HTTPResponseHead {
    var reconnection = Reconnection()
    while true {
      do {
        return try await exchange(method, path, fields)
      } catch let error as RPCClientError where error.status == .unavailable || error.reason == "TOO_MANY_UPLOADS" {
        try await reconnection.pause(after: error, configuration)
      }
    }
  }

  /// - Returns: the new upload's ID. One whose answer was lost expires by itself.
  private func create(_ fields: [String: String]) async throws -> String {
    let head = try await exchangeAgain("POST", "/uploads", fields)
    guard let location = head.headers["location"],
      let id = location.utf8.split(separator: UInt8(ascii: "/")).last.map({ String(Substring($0)) }),
      InputReference.isPlausibleID(id)
    else {
      throw RPCClientError.unexpected(
        "UNEXPECTED_RESULT", "The server's answer has no address of an upload (Location).")
    }
    return id
  }

  /// Sends a stretch of the source to an upload of just that length, or to the end of one that grows.
  ///
  /// - Parameters:
  ///   - known: bytes of the stretch that the server is known to have.
  ///   - isLast: nothing follows, which an upload of unknown length is told; nil: its length is known.
  private func send(
    _ source: UploadSource, _ range: Range<Int>, to id: String, from known: Int = 0, isLast: Bool? = nil,
    _ onProgress: @Sendable (Int) -> Void
  ) async throws {
    let path = "/uploads/" + id
    var (offset, isTold) = (known, isLast != true)
    var patience = UploadPatience(reconnectMilliseconds: configuration.reconnectMilliseconds)
    while offset < range.count || !isTold {
      do {
        let piece = UploadPlan.piece(from: offset, of: range.count, most: patience.pieceBytes)
        var fields = [
          "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset),
          "Upload-Checksum": try await source.checksum(
            of: (range.lowerBound + piece.lowerBound)..<(range.lowerBound + piece.upperBound)),
        ]
        if isLast == true, piece.upperBound == range.count { fields["Upload-Length"] = String(range.count) }
        let content = source.content(from: range.lowerBound + piece.lowerBound, bytes: piece.count)
        let head = try await exchange("PATCH", path, fields, content)
        offset = try TallyClient.offset(in: head, from: offset, to: range.count)
        if fields["Upload-Length"] != nil { isTold = true }
        patience.progress()
        onProgress(offset)
      } catch let error as RPCClientError where TallyClient.mayGoOn(after: error) {
        guard patience.failure(at: .now) else { throw error }
        let pause = configuration.retry.pause(
          attempt: patience.attempt, atLeast: error.retryAfterMilliseconds ?? 0, random: .random(in: 0...1))
        try await Task.sleep(for: .milliseconds(pause))
        let there = try await look(path, from: known, to: range.count, &patience)
        if let there, there > offset { patience.progress() }
        offset = there ?? offset
      }
    }
  }

  /// - Returns: where the upload ends; nil: the server doesn't say. Why, the next PATCH is told, whose refusal has a body.
  private func look(
    _ path: String, from least: Int, to most: Int, _ patience: inout UploadPatience
  ) async throws -> Int? {
    do {
      let head = try await exchange("HEAD", path)
      let offset = try TallyClient.offset(in: head, from: least, to: most)
      patience.sign()
      return offset
    } catch is RPCClientError {
      return nil
    }
  }

  private static func offset(in head: HTTPResponseHead, from least: Int, to most: Int) throws -> Int {
    guard let text = head.headers["upload-offset"] else {
      // A head that was cut between two lines is a whole one for curl.
      throw RPCClientError.local(
        RPCLocalError(
          .connection, .unavailable, reason: "ANSWER_CUT", "The server's answer to a piece of the upload is incomplete."
        ))
    }
    guard let offset = Int(text), (least...most).contains(offset) else {
      throw RPCClientError.unexpected(
        "UNEXPECTED_RESULT", "The server says that the upload ends where it can't (Upload-Offset). Begin anew.")
    }
    return offset
  }

  /// Whether asking for the offset, and going on from there, may help: it is safe after anything, and in vain only after what
  /// the server itself refuses for good.
  private static func mayGoOn(after error: RPCClientError) -> Bool {
    switch error {
    case .remote:
      error.status == .unavailable || error.status == .internal || error.status == .deadlineExceeded
        || ["WRONG_OFFSET", "CHECKSUM_MISMATCH", "BODY_INCOMPLETE", "TOO_MANY_UPLOADS"].contains(error.reason)
    // An answer of a proxy's, or none.
    case .local(let error):
      [.connection, .timeout, .protocol].contains(error.kind) && error.reason != "UNEXPECTED_RESULT"
        && [.unavailable, .deadlineExceeded, .internal, .resourceExhausted].contains(error.status)
    }
  }
}

/// How much of an upload the server has, over all of its parts.
private final class UploadProgress: Sendable {
  private let sent: Mutex<[Int]>
  private let onProgress: @Sendable (Int) -> Void

  init(parts: Int, _ onProgress: @escaping @Sendable (Int) -> Void) {
    sent = Mutex(Array(repeating: 0, count: parts))
    self.onProgress = onProgress
  }

  func set(_ part: Int, _ bytes: Int) {
    onProgress(
      sent.withLock { sent in
        sent[part] = bytes
        return sent.reduce(0, +)
      })
  }
}
