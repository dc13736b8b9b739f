import Testing

@testable import RPCClient

/// Which server is asked, by a clock of the tests' own.
@Suite struct ServerListTests {
  private let start = ContinuousClock.now
  private func list(_ count: Int = 3) -> ServerList {
    ServerList((0..<count).map { ServerAddress("http://s\($0)") })
  }

  @Test func theOneThatServesStays() {
    var list = list()
    for _ in 0..<3 {
      #expect(list.next(at: start) == 0)
      list.served(0)
    }
    list.failed(0, at: start)
    #expect(list.next(at: start) == 1)
    list.served(1)
    #expect(list.next(at: start + .seconds(60)) == 1, "nobody goes back while it serves")
  }

  @Test func oneThatFailedIsAskedAgainAfterAWhile() {
    var list = list(2)
    list.failed(0, at: start)
    #expect(list.next(at: start) == 1)
    list.failed(1, at: start + .seconds(5))
    #expect(list.next(at: start + .seconds(6)) == 0, "all have failed: the one whose failure is oldest")
    #expect(list.next(at: start + .seconds(11)) == 0)
  }

  @Test func oneServerIsAlwaysAsked() {
    var list = list(1)
    list.failed(0, at: start)
    #expect(list.next(at: start) == 0)
  }

  @Test(arguments: [
    ("http://a:1/", "http://a:1", nil), ("https://a/tally//", "https://a/tally", nil),
    ("unix:/run/t.sock", "http://localhost", "/run/t.sock"), ("unix:///run/t.sock", "http://localhost", "/run/t.sock"),
  ])
  func addressesAreRead(text: String, url: String, socketPath: String?) {
    let address = ServerAddress(text)
    #expect(address.url == url && address.socketPath == socketPath && address.text == text)
  }

  @Test(arguments: [
    ("https://ada:secret@a/b", "https://a/b"), ("http://a/x@y", "http://a/x@y"), ("a@b", "a@b"),
  ])
  func messagesHoldNoPassword(text: String, shown: String) { #expect(ServerAddress(text).text == shown) }
}
