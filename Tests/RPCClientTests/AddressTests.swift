import Foundation
import TestSupport
import Testing

@testable import RPCClient

/// Where a client's calls go: addresses that are none are refused in a sentence, and nothing for this machine leaves it.
@Suite struct AddressTests {
  @Test(arguments: [
    ("http://", "host"), ("https://", "host"), ("http:///x", "host"), ("http://:80", "host"), ("ftp://h", "begin with"),
    ("h:8000", "begin with"), ("", "begin with"), ("http://h/?a=b", "query"), ("http://h/#a", "fragment"),
    ("http://h h", "space"), ("unix:relative.sock", "socket"), ("unix:/none/such.sock", "isn't there"),
    ("unix:/tmp", "no socket"),
  ])
  func aWrongAddressIsRefused(text: String, word: String) throws {
    let problem = try #require(ServerAddress(text).problem, "\(text) is refused")
    #expect(problem.contains(word), "\(problem)")
  }

  @Test(arguments: ["http://h", "https://h:1/prefix", "http://[::1]:8000", "HTTP://h".lowercased()])
  func aRightAddressIsTaken(text: String) { #expect(ServerAddress(text).problem == nil) }

  private func proxy(_ url: String, _ environment: [String: String], asked: String? = nil) -> String? {
    var message = HTTPRequestMessage(method: "GET", url: url, connectMilliseconds: 1_000)
    message.options.proxy = asked
    return ProxyChoice(message) { environment[$0] }?.url
  }

  @Test(arguments: [
    "http://127.0.0.1:8000/rpc", "http://127.9.9.9/", "http://localhost/", "http://LocalHost:1/", "http://a.localhost/",
    "http://[::1]:8000/rpc", "http://u:p@127.0.0.1/",
  ])
  func thisMachineIsNeverReachedThroughAProxy(url: String) {
    for name in ["http_proxy", "all_proxy", "ALL_PROXY", "https_proxy"] {
      #expect(proxy(url, [name: "http://proxy:1"]) == nil, "\(name)")
    }
    #expect(proxy(url, [:], asked: "http://mine:1") == "http://mine:1", "one that was asked for is used")
  }

  @Test(
    arguments: [
      ("http://h/", ["http_proxy": "http://p:1"], "http://p:1"), ("https://h/", ["http_proxy": "http://p:1"], nil),
      ("https://h/", ["HTTPS_PROXY": "http://p:1"], "http://p:1"), ("http://h/", ["HTTP_PROXY": "http://p:1"], nil),
      ("http://h/", ["ALL_PROXY": "http://p:1"], "http://p:1"),
      ("http://h/", ["http_proxy": "http://p:1", "no_proxy": "h"], nil),
      ("http://x.h/", ["http_proxy": "http://p:1", "no_proxy": ".h"], nil),
      ("http://xh/", ["http_proxy": "http://p:1", "no_proxy": "h"], "http://p:1"),
      ("http://127.0.0.1.example/", ["http_proxy": "http://p:1"], "http://p:1"),
    ] as [(String, [String: String], String?)])
  func theEnvironmentsProxyIsChosenAsCurlDoes(url: String, environment: [String: String], expected: String?) {
    #expect(proxy(url, environment) == expected)
  }

  /// A head that was put together of anything is read by its bytes.
  @Test func combiningMarksInAHeadAreBytes() {
    var parser = HeadParser()
    for line in ["HTTP/1.1 200 OK\r\n", "X-A\u{301}: 1\r\n", "Content-Type: text/csv\u{301}\r\n", "\r\n"] {
      parser.feed(line.utf8)
    }
    #expect(parser.isComplete && parser.head.status == 200)
    #expect(parser.head.headers["content-type"] == "text/csv\u{301}")
  }
}
