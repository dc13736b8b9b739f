public import TallySchema

/// Why a call has failed: the server has said so, or there is no answer of the server's.
///
/// ```swift
/// do {
///   try await client.call(Jobs.status, JobParameters(jobID: id))
/// } catch let error as RPCClientError where error.status == .notFound {
///   …
/// }
/// ```
/// A task that was cancelled gets `CancellationError` instead.
public enum RPCClientError: Error, Hashable, Sendable {
  /// The server's error, as it came.
  case remote(RPCError)
  /// The client's own.
  case local(RPCLocalError)

  /// By gRPC's names, whoever says it.
  public var status: RPCStatus {
    switch self {
    case .remote(let error): error.status
    case .local(let error): error.status
    }
  }

  /// An UPPER_SNAKE constant for programs.
  public var reason: String {
    switch self {
    case .remote(let error): error.reason
    case .local(let error): error.reason
    }
  }

  /// A sentence for people.
  public var message: String {
    switch self {
    case .remote(let error): error.message
    case .local(let error): error.message
    }
  }

  private static let retryAfterMillisecondsMost = 60_000

  /// When the server thinks that a repeated call may succeed.
  public var retryAfterMilliseconds: Int? {
    guard case .remote(let error) = self, let pause = error.retryAfterMilliseconds else { return nil }
    // A number of somebody else's: nobody is made to wait for longer than this.
    return min(max(pause, 0), RPCClientError.retryAfterMillisecondsMost)
  }

  /// The same as an error object of JSON-RPC.
  public var rpcError: RPCError {
    switch self {
    case .remote(let error): error
    case .local(let error): RPCError(error.status, reason: error.reason, error.message)
    }
  }
}

extension RPCClientError: CustomStringConvertible {
  /// The value as text, for messages and logs.
  public var description: String { rpcError.description }
}

/// A failure on this side of the wire.
public struct RPCLocalError: Error, Hashable, Sendable {
  /// Where the error comes from.
  public enum Kind: Hashable, Sendable {
    /// No connection, or one that broke.
    case connection
    /// No answer within the deadline.
    case timeout
    /// An answer that isn't JSON-RPC's, or isn't what the method answers with; or one that is too large.
    case `protocol`
    /// The client has been shut down.
    case cancelled
    /// What was asked for can't be sent: a URL that is none, a file of certificates that can't be read.
    case configuration
  }

  /// Where the error comes from.
  public var kind: Kind
  /// The kind of error, as gRPC has them.
  public var status: RPCStatus
  /// The error's name.
  public var reason: String
  /// What was wrong, for people.
  public var message: String
  /// libcurl's own code (`CURLcode`) and words, where it is libcurl that failed.
  public var curlCode: Int?
  /// What libcurl says of it; nil where it says nothing.
  public var curlMessage: String?

  /// An error with these properties.
  public init(
    _ kind: Kind, _ status: RPCStatus, reason: String, _ message: String, curlCode: Int? = nil,
    curlMessage: String? = nil
  ) {
    self.kind = kind
    self.status = status
    self.reason = reason
    self.message = message
    self.curlCode = curlCode
    self.curlMessage = curlMessage
  }
}

extension RPCClientError {
  static func tooLarge(_ limit: Int) -> RPCClientError {
    .local(
      RPCLocalError(
        .protocol, .resourceExhausted, reason: "RESPONSE_TOO_LARGE",
        "The answer is larger than \(limit) bytes (responseBytes)."))
  }

  static func unexpected(_ reason: String, _ message: String) -> RPCClientError {
    .local(RPCLocalError(.protocol, .internal, reason: reason, message))
  }
}
