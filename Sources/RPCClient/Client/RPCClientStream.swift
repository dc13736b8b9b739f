public import TallySchema

/// One element of a stream: an event, or, last and once, the result.
public enum RPCStreamItem<Event: Sendable, Output: Sendable>: Sendable {
  /// An event.
  case event(Event)
  /// The result, at the end.
  case result(Output)
}

extension RPCStreamItem: Equatable where Event: Equatable, Output: Equatable {}

/// The answer of a stream method. Who iterates slowly slows the transfer down; who stops iterating, or whose task is
/// cancelled, ends it. A connection that breaks is made anew and goes on after the last event.
public struct RPCClientStream<Parameters: RPCParameters, Event: RPCValue, Output: RPCValue>:
  AsyncSequence,
  Sendable
{
  /// An event, or at the end the result.
  public typealias Element = RPCStreamItem<Event, Output>

  let client: TallyClient
  let method: RPCStream<Parameters, Event, Output>
  let parameters: Parameters

  /// Begins the call.
  public func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

  /// One pass over the stream: the call itself.
  public struct Iterator: AsyncIteratorProtocol {
    private let stream: RPCClientStream
    private var connection: (any RPCMessageSource)?
    private var lastEventID: String?
    private var isDone = false
    private var reconnection = Reconnection()
    /// When the connection stood that has served last.
    private var openedAt: ContinuousClock.Instant?
    /// A connection that has stood so long ends a row of failures, though nothing may have happened that it could tell.
    private static var steadySeconds: Int { 5 }
    private static var requestID: RPCID { RPCID(1) }

    init(stream: RPCClientStream) { self.stream = stream }

    /// - Throws: ``RPCClientError``, `CancellationError`.
    public mutating func next() async throws -> Element? {
      while !isDone {
        do {
          let message = try await receive()
          let item = try item(message)
          reconnection.succeed()
          if let item { return item }
        } catch let error as RPCClientError where error.status == .unavailable {
          connection = nil
          if let openedAt, .now - openedAt >= .seconds(Iterator.steadySeconds) { reconnection.succeed() }
          try await reconnection.pause(after: error, stream.client.configuration)
        }
      }
      return nil
    }

    private mutating func receive() async throws -> RPCServerMessage {
      let connection: any RPCMessageSource
      if let open = self.connection {
        connection = open
      } else {
        openedAt = nil
        connection = try await open()
        self.connection = connection
        openedAt = .now
      }
      guard let (message, id) = try await connection.next() else {
        throw RPCClientError.local(
          RPCLocalError(
            .connection, .unavailable, reason: "STREAM_BROKEN", "The stream ended without its final response."))
      }
      if let id { lastEventID = id }
      return message
    }

    private func open() async throws -> any RPCMessageSource {
      let client = stream.client
      let request = RPCRequest(id: Iterator.requestID, method: stream.method.name, parameters: stream.parameters.json)
      let call = client.call(.stream, stream.method.name, isRepeatable: true)
      return try await client.configuration.interceptors.run(call) { [lastEventID] call in
        try await client.transport.stream(request, after: lastEventID, call)
      }
    }

    private mutating func item(_ message: RPCServerMessage) throws -> Element? {
      do {
        switch message {
        case .notification(stream.method.eventName, let parameters): return .event(try Event(json: parameters))
        case .notification: return nil
        case .response(let response):
          guard response.answers(Iterator.requestID) else {
            throw RPCClientError.unexpected("NOT_JSON_RPC", "The stream's response has another ID than its request.")
          }
          let result = try response.outcome.remote()
          isDone = true
          connection = nil
          return .result(try Output(json: result))
        }
      } catch let error as JSONFieldError {
        throw RPCClientError.unexpected(
          "UNEXPECTED_EVENT", "The stream of \(stream.method.name) isn't what it should be: \(error).")
      }
    }
  }
}

extension TallyClient {
  /// Calls a stream method. Nothing is sent before the first element is asked for.
  public func stream<Parameters, Event, Output>(
    _ method: RPCStream<Parameters, Event, Output>, _ parameters: Parameters
  ) -> RPCClientStream<Parameters, Event, Output> {
    RPCClientStream(client: self, method: method, parameters: parameters)
  }
}
