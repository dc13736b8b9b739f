public import TallySchema

/// A client of a Tally server, on libcurl.
///
/// ```swift
/// try await TallyClient.withClient(server: "http://127.0.0.1:8000") { client in
///   let job = try await client.call(Jobs.submit, SubmitParameters(spec: JobSpec(input: "plays.csv", output: "sums.csv")))
///   for try await item in client.stream(Jobs.progress, ProgressParameters(jobID: job.jobID)) { print(item) }
/// }
/// ```
/// It starts lazily: who makes one and never calls has started nothing. ``shutdown()`` may be left out and may be called
/// twice. All methods throw ``RPCClientError``, or `CancellationError` when the task was cancelled.
public final class TallyClient: Sendable {
  /// How the client reaches its servers.
  public let configuration: Configuration
  let transport: any RPCTransport

  /// - Precondition: the configuration names a server at least.
  public init(_ configuration: Configuration = Configuration()) {
    precondition(!configuration.servers.isEmpty, "a client needs a server")
    self.configuration = configuration
    transport = HTTPTransport(configuration)
  }

  /// A client of one server.
  public convenience init(server: String, configuration: Configuration = Configuration()) {
    var configuration = configuration
    configuration.servers = [server]
    self.init(configuration)
  }

  /// - Parameter transport: instead of HTTP, such as `FakeTransport` of `RPCClientTesting`.
  public init(_ configuration: Configuration = Configuration(), transport: any RPCTransport) {
    self.configuration = configuration
    self.transport = transport
  }

  /// Loads what the first call would load, and returns when that is done: some milliseconds, which a program may spend on a
  /// thread beside its own beginning. Done once, however often it is called.
  public static func prepare() { CurlLoop.initializeLibrary }

  /// Makes a client, runs the body with it, where the caller runs, and shuts it down.
  ///
  /// - Parameter server: nil: those of the configuration.
  public static func withClient<Value>(
    server: String? = nil, configuration: Configuration = Configuration(),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (TallyClient) async throws -> Value
  ) async throws -> Value {
    let client = server.map { TallyClient(server: $0, configuration: configuration) } ?? TallyClient(configuration)
    do {
      let value = try await body(client)
      await client.shutdown()
      return value
    } catch {
      await client.shutdown()
      throw error
    }
  }

  /// Ends every transfer and the client's threads.
  public func shutdown() async { await transport.shutdown() }

  /// Transfers that have begun and not ended.
  public var activeTransfers: Int { transport.activeExchanges }

  /// Calls a method with one answer.
  ///
  /// - Parameters:
  ///   - deadlineMilliseconds: both ends give the call up after it; nil: the configuration's, else the method's.
  ///   - metadata: HTTP header fields of this call, beside the configuration's.
  /// - Throws: ``RPCClientError``: the server's, or UNAVAILABLE and DEADLINE_EXCEEDED of our own.
  public func call<Parameters, Output>(
    _ method: RPCMethod<Parameters, Output>, _ parameters: Parameters, deadlineMilliseconds: Int? = nil,
    metadata: [String: String] = [:]
  ) async throws -> Output {
    let json = parameters.json
    let deadline =
      deadlineMilliseconds ?? configuration.deadlineMilliseconds ?? method.defaultDeadlineMilliseconds
    return try Output(
      resultOf: method.name,
      await call(
        method.name, json, deadlineMilliseconds: deadline, isRepeatable: method.isRepeatable(json), metadata: metadata))
  }

  /// Calls any method by name.
  ///
  /// - Parameter isRepeatable: whether it may be sent again when its answer was lost.
  public func call(
    _ method: String, _ parameters: JSONValue, deadlineMilliseconds: Int? = nil, isRepeatable: Bool = false,
    metadata: [String: String] = [:]
  ) async throws -> JSONValue {
    let request = RPCRequest(id: RPCID(1), method: method, parameters: parameters)
    let call = self.call(
      .unary, method, isRepeatable: isRepeatable,
      deadlineMilliseconds: deadlineMilliseconds ?? configuration.deadlineMilliseconds, metadata: metadata)
    return try await configuration.interceptors.run(call) { call in
      try await self.repeating(call) { try await self.transport.call(request, $0) }
    }
  }

  /// A call as the interceptors get it.
  func call(
    _ kind: RPCCall.Kind, _ name: String, isRepeatable: Bool, deadlineMilliseconds: Int? = nil,
    metadata: [String: String] = [:]
  ) -> RPCCall {
    // Names of header fields are equal whatever their case: a call's token replaces the configuration's.
    let names = Set(metadata.keys.map { $0.lowercased() })
    var fields = configuration.metadata.filter { !names.contains($0.key.lowercased()) }
    fields.merge(metadata) { _, ofCall in ofCall }
    if let trace = TraceContext.current { fields["traceparent"] = trace.child().traceparent }
    return RPCCall(
      kind, name: name, isRepeatable: isRepeatable, metadata: fields, deadlineMilliseconds: deadlineMilliseconds)
  }

  /// Runs the body until it succeeds, or may not be run again. All attempts together have the call's deadline.
  func repeating<Value>(_ call: RPCCall, _ body: (RPCCall) async throws -> Value) async throws -> Value {
    var deadline = Deadline(milliseconds: call.deadlineMilliseconds)
    var attempt = 1
    while true {
      do {
        var call = call
        call.deadlineMilliseconds = try deadline.left()
        return try await body(call)
      } catch let error as RPCClientError {
        let pause = configuration.retry.pause(
          after: error, attempt: attempt, isRepeatable: call.isRepeatable, random: .random(in: 0...1))
        guard let pause else { throw error }
        deadline.lastFailure = error
        guard deadline.allows(pause) else { throw deadline.expired() }
        try await Task.sleep(for: .milliseconds(pause))
        attempt += 1
      }
    }
  }
}
