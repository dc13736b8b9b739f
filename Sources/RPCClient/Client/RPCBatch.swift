public import TallySchema

/// Calls that go out as one request (JSON-RPC 2.0, section 6). The server carries them out at the same time, and answers
/// when all have ended.
///
/// ```swift
/// var batch = RPCBatch()
/// let status = batch.add(Jobs.status, JobParameters(jobID: id))
/// let inputs = batch.add(Jobs.inputs, ListInputsParameters())
/// let answers = try await client.call(batch)
/// print(try answers[status].state, try answers[inputs].inputs.count)
/// ```
public struct RPCBatch: Sendable {
  /// One call's place in its batch, and the type of its answer.
  public struct Item<Output: RPCValue>: Sendable {
    fileprivate let index: Int
    fileprivate let method: String
  }

  private(set) var requests: [RPCRequest] = []
  private(set) var isRepeatable = true

  /// A batch without calls.
  public init() {}

  /// How many calls it has.
  public var count: Int { requests.count }

  /// Adds a call; its answer is found by what this returns.
  public mutating func add<Parameters, Output>(
    _ method: RPCMethod<Parameters, Output>, _ parameters: Parameters
  ) -> Item<Output> {
    let json = parameters.json
    isRepeatable = isRepeatable && method.isRepeatable(json)
    requests.append(RPCRequest(id: RPCID(requests.count), method: method.name, parameters: json))
    return Item(index: requests.count - 1, method: method.name)
  }

  /// What became of each call of a batch.
  public struct Answers: Sendable {
    let outcomes: [Result<JSONValue, RPCError>]

    /// - Throws: that call's ``RPCClientError``.
    public subscript<Output>(_ item: Item<Output>) -> Output {
      get throws {
        try Output(resultOf: item.method, outcomes[item.index].remote())
      }
    }
  }

  /// The outcomes in the order of the calls, whatever order they came in.
  ///
  /// - Throws: ``RPCClientError`` for what is no answer to it.
  func answers(_ responses: [RPCResponse]) throws -> Answers {
    var found: [RPCID: Result<JSONValue, RPCError>] = [:]
    for response in responses where found.updateValue(response.outcome, forKey: response.id) != nil {
      throw RPCClientError.unexpected(
        "NOT_JSON_RPC", "The batch's answer has two responses with the ID \(response.id).")
    }
    let outcomes = requests.compactMap { request in request.id.flatMap { found[$0] } }
    guard outcomes.count == requests.count, found.count == requests.count else {
      throw RPCClientError.unexpected(
        "NOT_JSON_RPC",
        "The answer to a batch of \(requests.count) calls has \(outcomes.count) of them, of \(found.count).")
    }
    return Answers(outcomes: outcomes)
  }
}

extension TallyClient {
  /// Calls all methods of a batch. It is sent again as a call is, where all of its calls may be repeated.
  ///
  /// - Parameter deadlineMilliseconds: both ends give the batch up after it; nil: the configuration's, else 30 seconds.
  /// - Throws: ``RPCClientError`` when there is no answer, or the batch was refused as a whole; the calls' own errors stand
  ///   in the answers.
  public func call(_ batch: RPCBatch, deadlineMilliseconds: Int? = nil) async throws -> RPCBatch.Answers {
    if batch.count == 0 { return RPCBatch.Answers(outcomes: []) }
    let call = self.call(
      .batch(count: batch.count), batch.requests.map(\.method).joined(separator: ","), isRepeatable: batch.isRepeatable,
      deadlineMilliseconds: deadlineMilliseconds ?? configuration.deadlineMilliseconds ?? 30_000)
    return try await configuration.interceptors.run(call) { call in
      try await self.repeating(call) { try batch.answers(await self.transport.batch(batch.requests, $0)) }
    }
  }
}
