public import RPCClient
import Synchronization
public import TallySchema

/// A fake server for the tests of programs that use ``TallyClient``: it gives prepared answers and records the calls
/// that it receives.
///
/// ```swift
/// let fake = FakeTransport()
/// fake.answer(Jobs.submit) { parameters in status }
/// fake.answer(Jobs.progress) { parameters in FakeStream(events: [event], result: status) }
/// fake.answer(download: "/results/1", with: Array("Song\n".utf8))
/// let client = TallyClient(transport: fake)
/// ```
/// What an answer throws is the server's error (``RPCError``) or the client's own (``RPCClientError``); a method that nobody has
/// described is METHOD_NOT_FOUND. Parameters and results pass through their JSON, as they do on the wire.
public final class FakeTransport: RPCTransport {
  /// What was asked, in order.
  public struct Received: Sendable {
    /// A batch's calls stand here one by one.
    public var method: String
    /// The call's parameters.
    public var parameters: JSONValue
    /// The call, with its deadline and metadata.
    public var call: RPCCall
  }

  private typealias Answer = @Sendable (JSONValue) async throws -> FakeStream<JSONValue, JSONValue>

  private struct State {
    var answers: [String: (answer: Answer, eventName: String)] = [:]
    var downloads: [String: [UInt8]] = [:]
    var received: [Received] = []
    var isShutDown = false
  }

  private let state = Mutex(State())

  /// A transport without answers: every call fails until one is set.
  public init() {}

  /// The calls so far, in their order.
  public var received: [Received] { state.withLock { $0.received } }
  /// Always 0: nothing is sent.
  public var activeExchanges: Int { 0 }

  /// Says what a method answers with.
  public func answer<Parameters, Output>(
    _ method: RPCMethod<Parameters, Output>, _ answer: @escaping @Sendable (Parameters) async throws -> Output
  ) {
    set(method.name, "") { parameters in
      FakeStream(events: [], result: try await answer(Parameters(json: parameters, limits: .ofAnyServer)).json)
    }
  }

  /// Says what a stream answers with.
  public func answer<Parameters, Event, Output>(
    _ method: RPCStream<Parameters, Event, Output>,
    _ answer: @escaping @Sendable (Parameters) async throws -> FakeStream<Event, Output>
  ) {
    set(method.name, method.eventName) { parameters in
      let stream = try await answer(Parameters(json: parameters, limits: .ofAnyServer))
      return FakeStream(events: stream.events.map(\.json), result: stream.result.json)
    }
  }

  /// Says what a path's bytes are.
  public func answer(download path: String, with bytes: [UInt8]) { state.withLock { $0.downloads[path] = bytes } }

  private func set(_ name: String, _ eventName: String, _ answer: @escaping Answer) {
    state.withLock { $0.answers[name] = (answer, eventName) }
  }

  // MARK: The client's side.

  /// Answers a call.
  public func call(_ request: RPCRequest, _ call: RPCCall) async throws -> JSONValue {
    try await found(request, call).stream.result
  }

  /// Answers the calls of a batch, in their order.
  public func batch(_ requests: [RPCRequest], _ call: RPCCall) async throws -> [RPCResponse] {
    var responses: [RPCResponse] = []
    for request in requests {
      let id = request.id ?? .null
      do {
        responses.append(RPCResponse(id: id, result: try await found(request, call).stream.result))
      } catch RPCClientError.remote(let error) {
        responses.append(RPCResponse(id: id, error: error))
      }
    }
    return responses
  }

  /// Answers a call with its events and its result.
  public func stream(
    _ request: RPCRequest, after lastEventID: String?, _ call: RPCCall
  ) async throws -> any RPCMessageSource {
    let (stream, eventName) = try await found(request, call)
    return FakeMessages(
      stream.events.map { .notification(method: eventName, parameters: $0) }
        + [.response(RPCResponse(id: request.id ?? .null, result: stream.result))])
  }

  /// Answers a download.
  public func download(_ path: String, fields: [String: String], _ call: RPCCall) async throws -> any RPCDownload {
    let bytes = try state.withLock { state in
      try FakeTransport.refuseAfterShutdown(state)
      state.received.append(Received(method: path, parameters: .null, call: call))
      return state.downloads[path]
    }
    guard let bytes else {
      throw RPCClientError.remote(RPCError(.notFound, reason: "NOT_FOUND", "There is nothing at '\(path)'."))
    }
    return FakeDownload(bytes)
  }

  /// Takes a file, which a download of its path gives back.
  public func upload(
    _ path: String, fields: [String: String], _ content: RPCUpload, _ call: RPCCall
  ) async throws -> JSONValue {
    var bytes: [UInt8] = []
    while let piece = try await content.next() { bytes += piece }
    let (file, isThere) = try state.withLock { [bytes] state in
      try FakeTransport.refuseAfterShutdown(state)
      state.received.append(Received(method: path, parameters: .null, call: call))
      let isThere = state.downloads[path] != nil
      if isThere == (fields["If-Match"] != nil) { state.downloads[path] = bytes }
      return (
        UploadedFile(name: String(path.dropFirst("/files/".count)), bytes: bytes.count, sha256: "", replaced: isThere),
        isThere
      )
    }
    guard isThere == (fields["If-Match"] != nil) else {
      throw RPCClientError.remote(
        RPCError(
          .failedPrecondition, reason: isThere ? "FILE_EXISTS" : "FILE_CHANGED",
          "There is \(isThere ? "a" : "no") file at '\(path)'."))
    }
    return file.json
  }

  /// Refuses every later call.
  public func shutdown() async { state.withLock { $0.isShutDown = true } }

  private func found(
    _ request: RPCRequest, _ call: RPCCall
  ) async throws -> (stream: FakeStream<JSONValue, JSONValue>, eventName: String) {
    let parameters = try request.parameters.map { try JSONValue(parsing: $0) } ?? .object([])
    let entry = try state.withLock { state in
      try FakeTransport.refuseAfterShutdown(state)
      state.received.append(Received(method: request.method, parameters: parameters, call: call))
      return state.answers[request.method]
    }
    guard let entry else { throw RPCClientError.remote(.methodNotFound(request.method)) }
    do {
      return (try await entry.answer(parameters), entry.eventName)
    } catch let error as RPCError {
      throw RPCClientError.remote(error)
    } catch let error as JSONFieldError {
      throw RPCClientError.remote(.invalidParameters(error))
    }
  }

  private static func refuseAfterShutdown(_ state: State) throws {
    guard state.isShutDown else { return }
    throw RPCClientError.local(
      RPCLocalError(.cancelled, .cancelled, reason: "CLIENT_SHUT_DOWN", "The client has been shut down."))
  }
}
