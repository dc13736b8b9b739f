public import TallySchema

/// How calls reach a server. ``TallyClient`` has one on HTTP; `RPCClientTesting` has one for tests, without a server.
///
/// A transport tries once. It throws ``RPCClientError``, or `CancellationError` when the task was cancelled; repeating a call,
/// and going on with a stream or a download that broke, is the client's part.
public protocol RPCTransport: Sendable {
  /// Sends one call.
  ///
  /// - Returns: its result.
  func call(_ request: RPCRequest, _ call: RPCCall) async throws -> JSONValue

  /// Sends several calls as one request.
  ///
  /// - Returns: their responses, in any order.
  func batch(_ requests: [RPCRequest], _ call: RPCCall) async throws -> [RPCResponse]

  /// Opens one connection of a stream.
  ///
  /// - Parameter lastEventID: of the last event that came on an earlier connection; the stream goes on after it.
  func stream(_ request: RPCRequest, after lastEventID: String?, _ call: RPCCall) async throws -> any RPCMessageSource

  /// Asks for the bytes of a result.
  ///
  /// - Parameter fields: HTTP header fields (`Range`, `If-Range`).
  func download(_ path: String, fields: [String: String], _ call: RPCCall) async throws -> any RPCDownload

  /// Sends a file.
  ///
  /// - Parameter fields: HTTP header fields (`If-None-Match`, `If-Match`, `Repr-Digest`).
  /// - Returns: what the server says of the file.
  func upload(_ path: String, fields: [String: String], _ content: RPCUpload, _ call: RPCCall) async throws -> JSONValue

  /// Makes one HTTP request of an upload in pieces.
  ///
  /// - Parameters:
  ///   - method: of HTTP.
  ///   - fields: HTTP header fields.
  ///   - content: what is sent; nil: nothing.
  /// - Returns: the head of an answer that is no refusal.
  func exchange(
    _ method: String, _ path: String, fields: [String: String], _ content: RPCUpload?, _ call: RPCCall
  ) async throws -> HTTPResponseHead

  /// Exchanges that have begun and not ended.
  var activeExchanges: Int { get }

  /// Ends them, and gives up what the transport holds. May be called again.
  func shutdown() async
}

extension RPCTransport {
  /// Refuses: a transport that sends files says so itself.
  public func upload(
    _ path: String, fields: [String: String], _ content: RPCUpload, _ call: RPCCall
  ) async throws -> JSONValue {
    throw noUploads
  }

  /// The same.
  public func exchange(
    _ method: String, _ path: String, fields: [String: String], _ content: RPCUpload?, _ call: RPCCall
  ) async throws -> HTTPResponseHead {
    throw noUploads
  }

  private var noUploads: RPCClientError {
    .local(
      RPCLocalError(
        .configuration, .unimplemented, reason: "NO_UPLOADS", "This client's transport doesn't send files."))
  }
}

/// What is uploaded.
public struct RPCUpload: Sendable {
  /// Bytes of the whole; nil: that isn't known before its end.
  public var bytes: Int?
  /// The next bytes; nil at the end. Called by one task at a time.
  public var next: @Sendable () async throws -> [UInt8]?

  /// Content whose pieces come from a closure.
  public init(bytes: Int?, next: @escaping @Sendable () async throws -> [UInt8]?) {
    self.bytes = bytes
    self.next = next
  }
}

/// The messages of one connection of a stream. One task asks for them; the connection ends with its last owner.
public protocol RPCMessageSource: AnyObject, Sendable {
  /// The next message, and the ID of the event that it came in; nil at the connection's end.
  func next() async throws -> (message: RPCServerMessage, lastEventID: String?)?
}

/// The answer to a download. One task asks for its pieces; the transfer ends with its last owner.
public protocol RPCDownload: AnyObject, Sendable {
  /// The response's status and header fields.
  var head: HTTPResponseHead { get }
  /// The next bytes of the body; nil at its end.
  func next() async throws -> [UInt8]?
}
