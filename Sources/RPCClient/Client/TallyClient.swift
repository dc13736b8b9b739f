public import Schema

/// A client of a Tally server, on libcurl.
///
/// ```swift
/// try await TallyClient.withClient(server: "http://127.0.0.1:8000") { client in
///   let job = try await client.call(Jobs.submit, SubmitParameters(spec: JobSpec(input: "plays.csv", output: "sums.csv")))
///   for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: job.jobID)) { print(item) }
/// }
/// ```
/// It starts lazily: who makes one and never calls has started nothing. ``shutdown()`` may be left out and may be called
/// twice. All methods throw ``RPCError``, or `CancellationError` when the task was cancelled.
public final class TallyClient: Sendable {
  public struct Configuration: Sendable {
    /// `http://host:port`, without a path.
    public var server: String
    /// Sent with every call.
    public var metadata: [String: String] = [:]
    /// Milliseconds for a call that has no deadline of its own; nil: the method's.
    public var deadlineMilliseconds: Int?
    public var connectMilliseconds = 5_000
    public var retry = RetryPolicy()
    /// Milliseconds for which a broken stream tries to come back.
    public var reconnectMilliseconds = 30_000
    /// Bytes of a unary answer, at the most.
    public var responseBytes = Limits.standard.responseBytes

    public init(server: String = "http://127.0.0.1:8000") { self.server = server }
  }

  public let configuration: Configuration
  let loop = CurlLoop()

  public init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }

  deinit { loop.stop() }

  /// Makes a client, runs the body with it, and shuts it down.
  public static func withClient<Value>(
    server: String, _ body: (TallyClient) async throws -> Value
  ) async throws -> Value {
    let client = TallyClient(Configuration(server: server))
    do {
      let value = try await body(client)
      await client.shutdown()
      return value
    } catch {
      await client.shutdown()
      throw error
    }
  }

  /// Ends every transfer and the client's thread.
  public func shutdown() async { await loop.shutdown() }

  /// Transfers that have begun and not ended.
  public var activeTransfers: Int { loop.activeTransfers }

  /// Calls a method with one answer.
  ///
  /// - Parameter deadlineMilliseconds: both ends give the call up after it; nil: the configuration's, else the method's.
  /// - Throws: ``RPCError``: the server's, or UNAVAILABLE and DEADLINE_EXCEEDED of our own.
  public func call<Parameters, Output>(
    _ method: RPCMethod<Parameters, Output>, _ parameters: Parameters, deadlineMilliseconds: Int? = nil
  ) async throws -> Output {
    let json = parameters.json
    let deadline =
      deadlineMilliseconds ?? configuration.deadlineMilliseconds ?? method.defaultDeadlineMilliseconds
    return try Output(
      resultOf: method.name,
      await call(method.name, json, deadlineMilliseconds: deadline, isRepeatable: method.isRepeatable(json)))
  }

  /// Calls any method by name.
  public func call(
    _ method: String, _ parameters: JSONValue, deadlineMilliseconds: Int? = nil, isRepeatable: Bool = false
  ) async throws -> JSONValue {
    try await repeating(isRepeatable: isRepeatable) {
      try await callOnce(
        method, parameters, deadlineMilliseconds: deadlineMilliseconds, isSentOnce: !isRepeatable)
    }
  }

  /// Runs the body until it succeeds or may not be run again.
  func repeating<Value>(isRepeatable: Bool, _ body: () async throws -> Value) async throws -> Value {
    var attempt = 1
    while true {
      do {
        return try await body()
      } catch let error as RPCError {
        let pause = configuration.retry.pause(
          after: error, attempt: attempt, isRepeatable: isRepeatable, random: .random(in: 0...1))
        guard let pause else { throw error }
        try await Task.sleep(for: .milliseconds(pause))
        attempt += 1
      }
    }
  }

  private func callOnce(
    _ method: String, _ parameters: JSONValue, deadlineMilliseconds: Int?, isSentOnce: Bool
  ) async throws -> JSONValue {
    let request = RPCRequest(id: RPCID(1), method: method, parameters: parameters)
    var message = httpMessage(request, accept: "application/json", deadlineMilliseconds: deadlineMilliseconds)
    message.isSentOnce = isSentOnce
    let (head, body) = try await exchange(message)
    let reply: RPCServerMessage
    do {
      reply = try RPCServerMessage(json: JSONValue(parsing: body[...]))
    } catch {
      throw notJSONRPC(head, "\(error)")
    }
    guard case .response(let response) = reply else { throw notJSONRPC(head, "it is no response") }
    guard response.id == RPCID(1) || response.id == .null else { throw notJSONRPC(head, "its ID isn't the call's") }
    return try response.outcome.get()
  }

  func exchange(_ message: HTTPRequestMessage) async throws -> (HTTPResponseHead, [UInt8]) {
    try await translating {
      let transfer = try loop.begin(message)
      defer { transfer.cancel() }
      let head = try await transfer.head()
      if head.isCut { throw TransferError.brokenHead }
      var body: [UInt8] = []
      while let piece = try await transfer.nextPiece() {
        body += piece
        if body.count > configuration.responseBytes {
          throw RPCError(
            .resourceExhausted, reason: "RESPONSE_TOO_LARGE",
            "The answer is larger than \(configuration.responseBytes) bytes (responseBytes).")
        }
      }
      return (head, body)
    }
  }
}
