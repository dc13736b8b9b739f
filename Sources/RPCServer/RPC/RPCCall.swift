public import Access
public import TallySchema

/// One call on its way to its handler: the request, and what is known of it besides.
public struct RPCCall: Sendable {
  public var request: RPCRequest
  public var context: RPCContext

  public init(request: RPCRequest, context: RPCContext) {
    self.request = request
    self.context = context
  }
}

/// What is known of a call besides its request. It comes from the transport, and interceptors may add to it.
public struct RPCContext: Sendable {
  /// How the caller wants a stream's answer.
  public enum Delivery: Sendable {
    /// Events as they come, then the result.
    case stream
    /// The result alone: a unary call, an item of a batch, a long poll.
    case single
  }

  /// Who calls.
  public var principal: Principal
  /// The transport's headers, by their lower-case names.
  public var metadata: [String: String]
  public var delivery: Delivery
  /// Milliseconds that the caller gives the call; nil: the method's own.
  public var deadlineMilliseconds: Int?
  /// The cursor that the transport names (`Last-Event-ID`); goes before one in the parameters.
  public var lastEventID: String?
  /// Nil: nobody can tell whether the caller is still there.
  var caller: (any CallerPresence)?

  public init(
    principal: Principal = .local, metadata: [String: String] = [:], delivery: Delivery = .single,
    deadlineMilliseconds: Int? = nil, lastEventID: String? = nil
  ) {
    self.principal = principal
    self.metadata = metadata
    self.delivery = delivery
    self.deadlineMilliseconds = deadlineMilliseconds
    self.lastEventID = lastEventID
  }

  /// Whose jobs the call is about.
  public var owner: String { principal.owner }
}

/// Whether the caller of a unary call is still connected. The server writes nothing during such a call, so no failed
/// write shows that the caller has gone.
protocol CallerPresence: Sendable {
  /// Calls the body, on any thread, when the caller has gone, or at once if it already has.
  ///
  /// - Returns: a closure that unregisters the body.
  func whenGone(_ body: @escaping @Sendable () -> Void) -> @Sendable () -> Void
}

/// One message of a stream: a notification, or the final response. Encoded once, however many receive it.
public struct RPCEvent: Hashable, Sendable {
  /// The event's position in its stream; nil for an event without a position, such as an error.
  public var cursor: String?
  /// The JSON-RPC message.
  public var message: [UInt8]

  public init(cursor: String?, message: [UInt8]) {
    self.cursor = cursor
    self.message = message
  }
}

/// Takes a stream's events. `write` returns when the receiver has room again: that is the backpressure.
public protocol RPCEventWriter: Sendable {
  func write(_ event: RPCEvent) async throws
}

/// For calls that want no events.
public struct NoEventWriter: RPCEventWriter {
  public init() {}
  public func write(_ event: RPCEvent) async throws {}
}

/// What a handler answers: the result, and where it stands in its stream.
public struct RPCAnswer: Sendable {
  public var result: JSONValue
  public var cursor: String?

  public init(_ result: JSONValue, cursor: String? = nil) {
    self.result = result
    self.cursor = cursor
  }
}
