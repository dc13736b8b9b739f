import HTTPTypes
import NIOHTTP1
import TallySchema
import TestSupport
import Testing

@testable import RPCServer

/// Heads and queries that two programs could read in two ways, and pages of other sites.
@Suite struct StrictHeadTests {
  private func problem(_ uri: String, _ fields: [(String, String)], version: HTTPVersion = .http1_1) -> HTTPParserError?
  {
    RequestHeadGuard.problem(HTTPRequestHead(version: version, method: .GET, uri: uri, headers: HTTPHeaders(fields)))
  }

  @Test func aRequestHasOneHost() {
    #expect(problem("/up", [("Host", "a")]) == nil)
    #expect(problem("/up", [("Host", "a"), ("host", "a")]) == RequestHeadGuard.wrongHost)
    #expect(problem("/up", []) == RequestHeadGuard.wrongHost)
    #expect(problem("/up", [], version: .http1_0) == nil)
    #expect(problem("/up", [("Host", "a"), ("Host", "b")], version: .http1_0) == RequestHeadGuard.wrongHost)
  }

  @Test(arguments: [
    ("http://a/up", true), ("http://A/up", true), ("http://a:80/up", false), ("http://other/up", false),
    ("http://a@other/up", false), ("http:///up", false), ("https://a/up", true), ("http://other?a", false), ("*", true),
  ])
  func anAbsoluteTargetNamesTheSameHost(uri: String, isAllowed: Bool) {
    #expect((problem(uri, [("Host", "a")]) == nil) == isAllowed)
  }

  @Test(arguments: [
    (["chunked"], true), (["Chunked "], true), (["gzip, chunked"], false), (["gzip"], false),
    (["chunked", "chunked"], false),
    (["identity"], false), (["chunked, chunked"], false), (["chunked\u{301}"], false), ([], true),
  ])
  func theOnlyTransferCodingIsChunked(codings: [String], isAllowed: Bool) {
    let fields = [("Host", "a")] + codings.map { ("Transfer-Encoding", $0) }
    #expect((problem("/rpc", fields) == nil) == isAllowed)
  }

  /// What stands in `params` is one value, and never a part of the envelope.
  @Test(arguments: [
    #"["x"],"foo":1"#, #"{},"id":9"#, #"[1] [2]"#, "", "x", #"{"a":1"#, "}", #"1}{"x":1"#, "[1],", "\u{0}",
  ])
  func parametersOfAQueryAreOneValue(text: String) {
    let encoded = text.utf8.map { "%" + (($0 < 16 ? "0" : "") + String($0, radix: 16)) }.joined()
    guard case .invalid(_, let error) = QueryCall.read("method=getStatus&params=\(encoded)", limits: .standard) else {
      return #expect(Bool(false), "\(text)")
    }
    #expect(error.code == RPCError.parseCode && error.message.contains("query") && !error.message.contains("body"))
  }

  @Test(arguments: ["[\"x\"]", "{\"jobId\":\"x\"}", " [1] ", "null"]) func oneValueIsTaken(text: String) {
    let encoded = text.utf8.map { "%" + (($0 < 16 ? "0" : "") + String($0, radix: 16)) }.joined()
    guard case .call(let request) = QueryCall.read("id=7&method=getStatus&params=\(encoded)", limits: .standard)
    else {
      return #expect(Bool(false), "\(text)")
    }
    #expect(request.method == "getStatus" && request.id == RPCID(7))
  }

  @Test(arguments: [
    "method=a&method=b", "method=a&id=1&id=2", "method=a&params=[]&params=[]", "id=1", "", "method=%ff",
  ])
  func aQueryNamesEachOnce(query: String) {
    guard case .invalid(_, let error) = QueryCall.read(query, limits: .standard) else {
      return #expect(Bool(false), "\(query)")
    }
    #expect(error.message.contains("query"))
  }

  @Test(arguments: [
    ("\"a\"", true), ("*", true), ("\"b\", \"a\"", true), ("\"b\"", false), ("W/\"a\"", false), ("", false),
  ])
  func ifMatchNeedsTheStrongTag(field: String, isAllowed: Bool) {
    #expect(ETagCondition.isAllowed("\"a\"", byMatch: field) == isAllowed)
    #expect(ETagCondition.isAllowed("\"a\"", byMatch: nil))
  }
}
