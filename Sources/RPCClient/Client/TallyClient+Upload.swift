import Synchronization
public import TallySchema

/// What may happen to a file that has the name of one that is uploaded.
public enum UploadCondition: Hashable, Sendable {
  /// Nothing: the name must be free.
  case newName
  /// It is replaced, whatever it is; there must be one.
  case replacing
  /// It is replaced when it is this one, by its tag (`ETag`).
  case replacingTag(String)
}

extension TallyClient {
  /// Sends a file to the server's data folder, where jobs read it. It appears there when all of it has come and is on disk. A
  /// connection that breaks leaves nothing; what was taken from the caller isn't sent again.
  ///
  /// ```swift
  /// let bytes = Array("Song,Date,Number of Plays\nUmbrella,2020-01-02,200\n".utf8)
  /// try await client.upload("plays.csv", bytes)
  /// ```
  ///
  /// - Parameters:
  ///   - name: below the data folder; folders in it are made.
  ///   - content: the bytes, piece by piece.
  ///   - deadlineMilliseconds: for the whole upload; nil: as long as it takes.
  /// - Returns: what the server has: name, size and SHA-256.
  /// - Throws: ``RPCClientError``: FILE_EXISTS, FILE_CHANGED, OUTPUT_RESERVED, OUTPUT_IS_INPUT, UPLOAD_TOO_LARGE, DISK_FULL;
  ///   UNAVAILABLE when the connection breaks; what `content` throws.
  @discardableResult
  public func upload(
    _ name: String, _ content: RPCUpload, condition: UploadCondition = .newName, deadlineMilliseconds: Int? = nil
  ) async throws -> UploadedFile {
    let path = "/files/" + PercentEncoding.encode(name, keeping: "-._~/")
    var call = self.call(.upload, path, isRepeatable: false)
    call.deadlineMilliseconds = deadlineMilliseconds
    let fields =
      switch condition {
      case .newName: ["If-None-Match": "*"]
      case .replacing: ["If-Match": "*"]
      case .replacingTag(let tag): ["If-Match": tag]
      }
    let answer = try await configuration.interceptors.run(call) { call in
      try await self.transport.upload(path, fields: fields, content, call)
    }
    do {
      return try UploadedFile(json: answer)
    } catch {
      throw RPCClientError.unexpected(
        "UNEXPECTED_RESULT", "The server's answer to the upload can't be read (\(error)).")
    }
  }

  /// The same of bytes that are in memory.
  @discardableResult
  public func upload(
    _ name: String, _ bytes: [UInt8], condition: UploadCondition = .newName, deadlineMilliseconds: Int? = nil
  ) async throws -> UploadedFile {
    let rest = OncePiece(bytes)
    return try await upload(
      name, RPCUpload(bytes: bytes.count) { rest.take() }, condition: condition,
      deadlineMilliseconds: deadlineMilliseconds)
  }
}

/// Bytes that are given once.
private final class OncePiece: Sendable {
  private let bytes: Mutex<[UInt8]?>

  init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }

  func take() -> [UInt8]? { bytes.withLock { $0.take() } }
}
