/// A call on its way to the server, as interceptors and transports see it.
public struct RPCCall: Sendable {
  /// What is sent.
  public enum Kind: Hashable, Sendable {
    /// One answer.
    case unary
    /// Several calls in one request.
    case batch(count: Int)
    /// One connection of a stream: a stream that breaks is called again.
    case stream
    /// The bytes of a result.
    case download
    /// A file that is sent.
    case upload
  }

  /// What is sent.
  public let kind: Kind
  /// The method; of a batch, the methods with commas between; of a download and an upload, its path.
  public let name: String
  /// Whether a second time changes nothing, so that a call whose answer was lost may be sent again.
  public let isRepeatable: Bool
  /// HTTP header fields: tokens, `traceparent`, whatever a proxy wants.
  public var metadata: [String: String]
  /// Milliseconds; both ends give the call up after it. Nil: as long as it takes.
  public var deadlineMilliseconds: Int?

  /// A call with these properties.
  public init(
    _ kind: Kind, name: String, isRepeatable: Bool, metadata: [String: String] = [:], deadlineMilliseconds: Int? = nil
  ) {
    self.kind = kind
    self.name = name
    self.isRepeatable = isRepeatable
    self.metadata = metadata
    self.deadlineMilliseconds = deadlineMilliseconds
  }
}
