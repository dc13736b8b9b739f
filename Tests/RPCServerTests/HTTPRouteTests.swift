import HTTPTypes
import TallySchema
import Testing

@testable import RPCServer

/// Every path states its methods and the right that a caller needs.
@Suite struct HTTPRouteTests {
  @Test(
    arguments: [
      ("/rpc", .calledMethod, true), ("/results/a", .scope(.read), false),
      ("/results/a/rejects", .scope(.read), false), ("/metrics", .scope(.metrics), false),
      ("/up", .everyone, false), ("/up/databases", .everyone, false), ("/healthz", .everyone, false),
      ("/readyz", .everyone, false), ("/", .everyone, false), ("/page.js", .everyone, false),
    ] as [(String, HTTPRoute.Access, Bool)])
  func aPathHasItsMethodsAndItsScope(path: String, access: HTTPRoute.Access, takesPost: Bool) throws {
    let route = try #require(HTTPRoute(path: path))
    #expect(route.access == access)
    #expect(route.methods.contains(.post) == takesPost && route.methods.contains(.head) != takesPost)
  }

  @Test(
    arguments: [
      ("/rpc", .json), ("/files/a/b", .upload), ("/results/a", .none), ("/", .none), ("/metrics", .none),
    ] as [(String, HTTPRoute.Body)])
  func aPathSaysWhatItDoesWithABody(path: String, body: HTTPRoute.Body) throws {
    #expect(try #require(HTTPRoute(path: path)).body == body)
  }

  @Test func aFileIsPut() throws {
    let route = try #require(HTTPRoute(path: "/files/a"))
    #expect(route.methods == [.put, .options] && route.access == .scope(.upload))
  }

  @Test(arguments: ["", "/rpc/", "/results", "/results/a/b", "/page", "/up/", "/metricsx", "//rpc"])
  func whatIsNoPathIsNone(path: String) { #expect(HTTPRoute(path: path) == nil) }
}
