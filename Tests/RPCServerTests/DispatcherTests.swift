import Access
import Foundation
import Logging
import Synchronization
import TallySchema
import Testing

@testable import RPCServer

/// Calls through the dispatcher, in this process: no socket, the same path.
@Suite struct DispatcherTests {
  private struct Word: RPCParameters, Hashable {
    static let parameters = [
      RPCParameter("word", "The word.", JSONSchema.string, required: true),
      RPCParameter("pauseMs", "To wait before.", JSONSchema.integer()),
    ]
    var word: String
    var pause: Int
    init(json: JSONValue, limits: Limits) throws {
      var fields = try JSONFields(json, of: "params")
      word = try fields.required("word")
      pause = try fields.optional("pauseMs") ?? 0
      try fields.refuseTheRest()
    }
    var json: JSONValue { ["word": .string(word), "pauseMs": .number(pause)] }
  }

  private static let echo = RPCMethod<Word, String>(
    "echo", summary: "Gives the word back.", idempotency: .safe, scope: .read)
  private static let spell = RPCStream<Word, String, String>(
    "spell", summary: "Letter by letter.", eventName: "letter", idempotency: .safe, scope: .cancel)

  private func dispatcher(_ interceptors: [any RPCInterceptor] = [DeadlineInterceptor()], limits: Limits = .standard)
    throws -> RPCDispatcher
  {
    var router = RPCRouter(limits: limits)
    try router.register(Self.echo) { parameters, _ in
      // Without a point at which a task could wait, or hear that it is cancelled.
      let begin = ContinuousClock.now
      while ContinuousClock.now < begin + .milliseconds(-parameters.pause) {}
      if parameters.pause > 0 { try await Task.sleep(for: .milliseconds(parameters.pause)) }
      if parameters.word == "break" { throw CocoaError() }
      return parameters.word
    }
    try router.register(Self.spell) { parameters, _, writer in
      for (index, letter) in parameters.word.enumerated() {
        let message = RPCServerMessage.encodedNotification(method: "letter", parameters: .string(String(letter)))
        try await writer.write(RPCEvent(cursor: "\(index)", message: message))
      }
      return (parameters.word, cursor: "end")
    }
    return RPCDispatcher(router: router, interceptors: interceptors, limits: limits)
  }

  private struct CocoaError: Error {}

  /// Calls, items of a batch, streams and what is asked before a stream is begun: all need the method's scope.
  @Test func aCallNeedsTheScopeOfItsMethod() async throws {
    let context = RPCContext(principal: Principal(owner: "o", scopes: [.submit]))
    let call = #"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"word":"a"}}"#
    for (body, scope) in [
      (call, "read"), ("[\(call)]", "read"), (call.replacingOccurrences(of: "echo", with: "spell"), "cancel"),
    ] {
      let text = try #require(await answer(body, dispatcher(), context))
      #expect(text.contains("SCOPE_REQUIRED") && text.contains("'\(scope)'"), "\(text)")
    }
    let allowed = RPCContext(principal: Principal(owner: "o", scopes: [.read]))
    #expect(try await answer(call, dispatcher(), allowed)?.contains(#""result":"a""#) == true)
  }

  private func answer(_ body: String, _ dispatcher: RPCDispatcher, _ context: RPCContext = RPCContext()) async
    -> String?
  {
    let request = dispatcher.read(Array(body.utf8)[...])
    return await dispatcher.respond(to: request, context: context).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(
    arguments: [
      (
        #"{"jsonrpc":"2.0","id":1e2,"method":"echo","params":{"word":"a"}}"#,
        #"{"jsonrpc":"2.0","id":1e2,"result":"a"}"#
      ),
      (#"{"jsonrpc":"2.0","id":null,"method":"echo","params":["a"]}"#, #"{"jsonrpc":"2.0","id":null,"result":"a"}"#),
      (#"{"jsonrpc":"2.0","method":"echo","params":["a"]}"#, nil),
      (#"{"jsonrpc":"2.0","method":"none"}"#, nil),
      (#"[{"jsonrpc":"2.0","method":"echo","params":["a"]}]"#, nil),
      (#"{"jsonrpc":"2.0","id":1,"method":"spell","params":["ab"]}"#, #"{"jsonrpc":"2.0","id":1,"result":"ab"}"#),
      (
        #"[{"jsonrpc":"2.0","id":1,"method":"echo","params":["a",50]},{"jsonrpc":"2.0","method":"echo","params":["x"]},{"jsonrpc":"2.0","id":"2","method":"echo","params":["b"]}]"#,
        #"[{"jsonrpc":"2.0","id":1,"result":"a"},{"jsonrpc":"2.0","id":"2","result":"b"}]"#
      ),
    ] as [(String, String?)])
  func aCallIsAnswered(body: String, expected: String?) async throws {
    #expect(try await answer(body, dispatcher()) == expected)
  }

  @Test(arguments: [
    ("{", -32700, "null"), ("[]", -32600, "null"), (#"{"jsonrpc":"2.0","id":7,"method":1}"#, -32600, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":"none"}"#, -32601, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":"echo"}"#, -32602, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":"echo","params":{"word":1}}"#, -32602, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":"echo","params":["break"]}"#, -32603, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":"rpc.none"}"#, -32601, "7"),
  ])
  func aWrongCallIsAnsweredWithItsCode(body: String, code: Int, id: String) async throws {
    let text = try #require(await answer(body, dispatcher()))
    let json = try JSONValue(parsing: text)
    #expect(json["error"]?["code"] == .number(code))
    #expect(json["id"]?.text == id)
    #expect(json["error"]?["data"]?["domain"] == "tally")
  }

  @Test func anInternalErrorTellsNothingOfItsCause() async throws {
    let text = try #require(await answer(#"{"jsonrpc":"2.0","id":7,"method":"echo","params":["break"]}"#, dispatcher()))
    #expect(!text.contains("CocoaError"))
  }

  @Test func aDeadlineEndsTheCall() async throws {
    let body = #"{"jsonrpc":"2.0","id":1,"method":"echo","params":["a",60000]}"#
    let text = try #require(await answer(body, dispatcher(), RPCContext(deadlineMilliseconds: 10)))
    #expect(try JSONValue(parsing: text)["error"]?["data"]?["status"] == "DEADLINE_EXCEEDED")
  }

  /// The caller isn't only told of the deadline: the work ends with it.
  @Test func aDeadlineCancelsTheHandler() async throws {
    let wasCancelled = Mutex(false)
    var router = RPCRouter(limits: .standard)
    try router.register(Self.echo) { parameters, _ in
      try? await Task.sleep(for: .seconds(5))
      wasCancelled.withLock { $0 = Task.isCancelled }
      return parameters.word
    }
    let dispatcher = RPCDispatcher(router: router, interceptors: [DeadlineInterceptor()], limits: .standard)
    let body = #"{"jsonrpc":"2.0","id":1,"method":"echo","params":["a"]}"#
    let text = try #require(await answer(body, dispatcher, RPCContext(deadlineMilliseconds: 10)))
    #expect(text.contains("DEADLINE_EXCEEDED") && wasCancelled.withLock { $0 })
  }

  @Test func aDeadlineHoldsForACallThatNeverWaits() async throws {
    let body = #"{"jsonrpc":"2.0","id":1,"method":"echo","params":["a",-100]}"#
    let text = try #require(await answer(body, dispatcher(), RPCContext(deadlineMilliseconds: 10)))
    #expect(try JSONValue(parsing: text)["error"]?["data"]?["status"] == "DEADLINE_EXCEEDED")
  }

  @Test func anAnswerHasALimitThatIsNamed() async throws {
    var limits = Limits()
    limits.responseBytes = 200
    let dispatcher = try dispatcher(limits: limits)
    let long = #"{"jsonrpc":"2.0","id":7,"method":"echo","params":["\#(String(repeating: "x", count: 300))"]}"#
    let alone = try JSONValue(parsing: try #require(await answer(long, dispatcher)))
    #expect(alone["error"]?["data"]?["reason"] == "RESPONSE_TOO_LARGE" && alone["id"] == 7)
    #expect(alone["error"]?["message"]?.string?.contains("responseBytes") == true)
    let half = #"{"jsonrpc":"2.0","id":8,"method":"echo","params":["\#(String(repeating: "x", count: 100))"]}"#
    let batch = try JSONValue(parsing: try #require(await answer("[\(half),\(half)]", dispatcher)))
    // The calls of a batch run at the same time: one of them has the room.
    let first = batch[0]?["result"] != nil
    let (fits, other) = first ? (batch[0], batch[1]) : (batch[1], batch[0])
    #expect(fits?["result"] != nil && other?["error"]?["data"]?["reason"] == "RESPONSE_TOO_LARGE")
  }

  private final class Recorder: RPCEventWriter {
    let events = Mutex<[RPCEvent]>([])
    func write(_ event: RPCEvent) async throws { events.withLock { $0.append(event) } }
  }

  @Test func aStreamIsItsEventsAndOneResponse() async throws {
    let dispatcher = try dispatcher()
    guard
      case .stream(let call) = dispatcher.read(
        Array(#"{"jsonrpc":"2.0","id":1,"method":"spell","params":["ab"]}"#.utf8)[...])
    else { return #expect(Bool(false), "it is a stream") }
    let recorder = Recorder()
    try await dispatcher.stream(call, context: RPCContext(), to: recorder)
    let events = recorder.events.withLock { $0 }
    #expect(events.map(\.cursor) == ["0", "1", "end"])
    #expect(
      events.map { String(decoding: $0.message, as: UTF8.self) } == [
        #"{"jsonrpc":"2.0","method":"letter","params":"a"}"#, #"{"jsonrpc":"2.0","method":"letter","params":"b"}"#,
        #"{"jsonrpc":"2.0","id":1,"result":"ab"}"#,
      ])
  }

  private final class Witness: RPCInterceptor {
    let seen = Mutex<[String]>([])
    let name: String
    let others: Witness?
    init(_ name: String, tells others: Witness? = nil) {
      self.name = name
      self.others = others
    }
    func intercept(
      _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
    ) async throws -> RPCAnswer {
      (others ?? self).seen.withLock { $0.append("\(name) \(descriptor.name)") }
      var call = call
      if call.request.id == RPCID("refuse") { throw RPCError(.permissionDenied, reason: "NO", "no") }
      call.context.principal.owner = name
      return try await next(call, writer)
    }
  }

  @Test func interceptorsSeeEveryItemInTheirOrder() async throws {
    let outer = Witness("outer")
    let inner = Witness("inner", tells: outer)
    let dispatcher = try dispatcher(
      [outer, inner],
      limits: {
        var l = Limits(); l.batchConcurrency = 1; return l
      }())
    let text = await answer(
      #"[{"jsonrpc":"2.0","id":1,"method":"echo","params":["a"]},{"jsonrpc":"2.0","id":"refuse","method":"echo","params":["a"]}]"#,
      dispatcher)
    #expect(outer.seen.withLock { $0 } == ["outer echo", "inner echo", "outer echo"])
    #expect(text?.contains("PERMISSION_DENIED") == true)
  }

  @Test func aNameIsRegisteredOnce() throws {
    var router = RPCRouter(limits: .standard)
    try router.register(Self.echo) { parameters, _ in parameters.word }
    #expect(throws: DuplicateMethod(name: "echo")) {
      try router.register(Self.echo) { parameters, _ in parameters.word }
    }
    #expect(router.descriptors.map(\.name) == ["echo"])
  }
}
