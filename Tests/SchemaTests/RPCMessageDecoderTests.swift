import TallySchema
import Testing

/// The envelope's rules (JSON-RPC 2.0, sections 4 and 6), by table.
@Suite struct RPCMessageDecoderTests {
  private let decoder = RPCMessageDecoder(limits: .standard)

  private func decode(_ text: String) throws(RPCError) -> RPCMessage { try decoder.decode(Array(text.utf8)[...]) }

  @Test(arguments: ["9007199254740993", "1e2", "-0", "1.0", "\"1\"", "\"é\"", #""\u00e9""#, "null", "1"])
  func anIDComesBackAsItCame(id: String) throws {
    let message = try decode(#"{"jsonrpc":"2.0","id":\#(id),"method":"m"}"#)
    guard case .single(.call(let request)) = message else { throw Unexpected(message) }
    #expect(request.id?.rawText == id)
  }

  @Test func withoutAnIDItIsANotification() throws {
    let message = try decode(#"{"jsonrpc":"2.0","method":"m","params":[1]}"#)
    guard case .single(.call(let request)) = message else { throw Unexpected(message) }
    #expect(request.id == nil)
    #expect(request.parameters.map { String(decoding: $0, as: UTF8.self) } == "[1]")
  }

  @Test(arguments: [
    (#"{"jsonrpc":"2.0","id":true,"method":"m"}"#, "null"), (#"{"jsonrpc":"2.0","id":[],"method":"m"}"#, "null"),
    (#"{"jsonrpc":"2.0","id":{},"method":"m"}"#, "null"), (#"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#, "null"),
    (#"{"jsonrpc":"1.0","id":7,"method":"m"}"#, "7"), (#"{"id":7,"method":"m"}"#, "7"),
    (#"{"jsonrpc":2.0,"id":7,"method":"m"}"#, "7"), (#"{"jsonrpc":"2.0","id":7}"#, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":1}"#, "7"), (#"{"jsonrpc":"2.0","id":7,"method":"\ud800"}"#, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":"m","params":1}"#, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":"m","params":"x"}"#, "7"),
    (#"{"jsonrpc":"2.0","id":7,"method":"m","method":"m"}"#, "7"),
    (#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":7,"method":"m"}"#, "7"), ("1", "null"), ("\"x\"", "null"),
    ("null", "null"),
  ])
  func anInvalidRequestEchoesALegalID(text: String, id: String) throws {
    guard case .single(.invalid(let found, let error)) = try decode(text) else { throw Unexpected(text) }
    #expect(error.code == RPCError.invalidRequestCode)
    #expect(found.rawText == id)
  }

  @Test(arguments: ["", " ", "{", "[1,]", "\u{feff}{}", "{} {}", "{\"a\":01}", "nul"])
  func whatIsNoJSONIsAParseErrorWithItsByte(text: String) {
    let error = #expect(throws: RPCError.self) { try decode(text) }
    #expect(error?.code == RPCError.parseCode)
    #expect(error?.message.contains("byte") == true)
  }

  @Test func nullParametersCountAsAbsent() throws {
    let message = try decode(#"{"jsonrpc":"2.0","id":1,"method":"m","params":null}"#)
    #expect(message == .single(.call(RPCRequest(id: RPCID(1), method: "m"))))
  }

  @Test func unknownMembersAreLeftAlone() throws {
    let message = try decode(#"{"jsonrpc":"2.0","id":1,"method":"m","auth":"x","auth":"y"}"#)
    #expect(message == .single(.call(RPCRequest(id: RPCID(1), method: "m"))))
  }

  @Test func anEmptyBatchIsOneInvalidRequest() {
    let error = #expect(throws: RPCError.self) { try decode("[]") }
    #expect(error?.code == RPCError.invalidRequestCode)
  }

  @Test func aBatchKeepsItsItemsAndTheirErrors() throws {
    guard case .batch(let items) = try decode(#"[1, {"jsonrpc":"2.0","id":2,"method":"m"} ,{}]"#) else {
      throw Unexpected("")
    }
    #expect(items.count == 3)
    #expect(items[1] == .call(RPCRequest(id: RPCID(2), method: "m")))
    for index in [0, 2] {
      guard case .invalid(let id, _) = items[index] else { throw Unexpected(items[index]) }
      #expect(id == .null)
    }
  }

  @Test func aBatchHasALimitThatIsNamed() throws {
    let call = #"{"jsonrpc":"2.0","method":"m"}"#
    let full = [String](repeating: call, count: 100)
    _ = try decode("[\(full.joined(separator: ","))]")
    let error = #expect(throws: RPCError.self) { try decode("[\((full + [call]).joined(separator: ","))]") }
    #expect(error?.status == .resourceExhausted)
    #expect(error?.message.contains("batchCalls") == true)
  }

  @Test func parametersAreReadByNameAndByPosition() throws {
    func read(_ text: String) throws(RPCError) -> ProgressParameters {
      try ProgressParameters(raw: Array(text.utf8)[...], limits: .standard)
    }
    let expected = ProgressParameters(jobID: "j", waitMilliseconds: 5)
    #expect(try read(#"{"jobId":"j","waitMs":5}"#) == expected)
    #expect(try read(#"["j",null,5]"#) == expected)
    for (text, field) in [
      (#"{"jobId":"j","wait":5}"#, "wait"), ("{}", "jobId"), (#"{"jobId":1}"#, "jobId"), (#"["j",null,5,6]"#, "3"),
      (#"{"jobId":"j","waitMs":1.5}"#, "waitMs"), (#"{"jobId":"j","jobId":"k"}"#, "jobId"),
      (#"{"jobId":"\ud800"}"#, "jobId"), (#"{"jobId":"j","after":"x"}"#, "after"),
    ] {
      let error = #expect(throws: RPCError.self) { try read(text) }
      #expect(
        error?.code == RPCError.invalidParametersCode && error?.field == field, "\(text): \(String(describing: error))")
    }
  }

  @Test func responsesAreReadStrictly() throws {
    func read(_ text: String) throws -> RPCServerMessage { try RPCServerMessage(json: JSONValue(parsing: text)) }
    #expect(try read(#"{"jsonrpc":"2.0","id":1,"result":2}"#) == .response(RPCResponse(id: RPCID(1), result: 2)))
    for text in [
      #"{"id":1,"result":2}"#, #"{"jsonrpc":"2.0","result":2}"#, #"{"jsonrpc":"2.0","id":1}"#,
      #"{"jsonrpc":"2.0","id":1,"result":2,"error":{"code":1,"message":""}}"#, #"{"jsonrpc":"2.0","id":1,"error":{}}"#,
    ] {
      #expect(throws: (any Error).self) { try read(text) }
    }
    let error = RPCError(.notFound, reason: "JOB_NOT_FOUND", "none", field: "jobId", retryAfterMilliseconds: 5)
    let bytes = RPCResponse(id: RPCID("a"), error: error).encoded()
    #expect(try read(String(decoding: bytes, as: UTF8.self)) == .response(RPCResponse(id: RPCID("a"), error: error)))
  }
}

/// A test met something that it doesn't allow.
struct Unexpected: Error, CustomStringConvertible {
  var description: String
  init(_ what: Any) { description = "unexpected: \(what)" }
}
