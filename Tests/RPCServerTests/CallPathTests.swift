import Dispatch
import NIOCore
import NIOEmbedded
import NIOTLS
import Synchronization
import TallySchema
import Testing

@testable import RPCServer

/// What stands around every call: its deadline, and its caller's presence.
@Suite struct CallPathTests {
  @Test func deadlinesRingInTheirOrderWhateverOrderTheyCameIn() async throws {
    let queue = DeadlineQueue()
    let (rung, tell) = AsyncStream.makeStream(of: Int.self)
    for milliseconds in [90, 30, 60, 5] {
      _ = queue.add(DispatchTime.now() + .milliseconds(milliseconds)) { tell.yield(milliseconds) }
    }
    let removed = [70, 60_000].map { milliseconds in
      queue.add(DispatchTime.now() + .milliseconds(milliseconds)) { tell.yield(milliseconds) }
    }
    #expect(removed.map(queue.remove).last == true)
    #expect(removed.map(queue.remove) == [false, false])
    var order: [Int] = []
    for await milliseconds in rung {
      order.append(milliseconds)
      if order.count == 4 { break }
    }
    #expect(order == [5, 30, 60, 90])
  }

  @Test func aDeadlineThatHasRungIsGone() async {
    let queue = DeadlineQueue()
    let rung = OneShot()
    let id = queue.add(DispatchTime.now() + .milliseconds(1)) { rung.happen() }
    await rung.wait()
    #expect(!queue.remove(id))
  }

  @Test(arguments: ["", "http/1.1", "h2"]) func aSilentConnectionEnds(negotiated: String) throws {
    var limits = Limits.standard
    (limits.headerMilliseconds, limits.idleMilliseconds) = (500, 2_000)
    let handler = TLSConnectionGuard(limits: limits)
    let channel = EmbeddedChannel(handler: handler)
    try channel.connect(to: SocketAddress(unixDomainSocketPath: "/peer")).wait()
    func pass(_ milliseconds: Int64) { channel.embeddedEventLoop.advanceTime(by: .milliseconds(milliseconds)) }
    pass(499)
    #expect(channel.isActive)
    if !negotiated.isEmpty {
      channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: negotiated))
    }
    pass(499)
    #expect(channel.isActive == !negotiated.isEmpty)
    if negotiated == "h2" {
      handler.streamOpened()
      handler.streamOpened()
      handler.streamClosed()
      pass(60_000)
      #expect(channel.isActive, "a stream is open")
      handler.streamClosed()
      pass(6_999)
      #expect(channel.isActive)
      pass(1)
      #expect(!channel.isActive)
    }
    pass(60_000)
    // With HTTP/1.1 another guard has its clock.
    #expect(channel.isActive == (negotiated == "http/1.1"))
    _ = try? channel.finish()
  }

  @Test func aConnectionWithoutAStreamEnds() throws {
    let channel = EmbeddedChannel(handler: TLSConnectionGuard(limits: .standard))
    try channel.connect(to: SocketAddress(unixDomainSocketPath: "/peer")).wait()
    channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: "h2"))
    channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
    _ = try? channel.finish()
  }

  @Test func aClockTellsOfItsNewestWaitAlone() {
    let (loop, clock) = (EmbeddedEventLoop(), ConnectionClock())
    var told: [String] = []
    func wait(_ milliseconds: Int, _ name: String) { clock.wait(milliseconds, on: loop) { told.append(name) } }
    func pass(_ milliseconds: Int64) { loop.advanceTime(by: .milliseconds(milliseconds)) }
    wait(100, "replaced")
    pass(60)
    wait(100, "later than its timer")
    pass(99)
    #expect(told.isEmpty)
    pass(1)
    #expect(told == ["later than its timer"])
    wait(100, "replaced")
    wait(10, "earlier than its timer")
    pass(10)
    pass(1_000)
    #expect(told == ["later than its timer", "earlier than its timer"])
    wait(10, "stopped")
    clock.stop()
    wait(50, "after a stop")
    pass(49)
    #expect(told.count == 2)
    pass(1)
    #expect(told.last == "after a stop")
    wait(10, "cancelled")
    clock.cancel()
    pass(1_000)
    #expect(told.count == 3)
  }

  @Test func whatHappensOnceIsToldOnceToEach() async {
    let shot = OneShot()
    let told = Mutex<[String]>([])
    let before = shot.listen { told.withLock { $0.append("before") } }
    let forgotten = shot.listen { told.withLock { $0.append("forgotten") } }
    shot.forget(forgotten)
    async let waited: Void = shot.wait()
    shot.happen()
    shot.happen()
    await waited
    await shot.wait()
    _ = shot.listen { told.withLock { $0.append("after") } }
    shot.forget(before)
    #expect(told.withLock { $0 } == ["before", "after"])
  }

  @Test func aWaitEndsWithItsTask() async {
    let shot = OneShot()
    let task = Task { await shot.wait() }
    task.cancel()
    await task.value
  }

  private func presence() -> ConnectionPresence { ConnectionPresence(.http1, eventLoop: NIOAsyncTestingEventLoop()) }

  /// A unary call of the presence's connection, whose handler is the body.
  private func ask(_ presence: ConnectionPresence, _ body: @escaping @Sendable () async throws -> Void) async throws {
    var context = RPCContext()
    context.caller = presence
    let call = RPCCall(
      request: RPCRequest(id: nil, method: Jobs.status.name, parameters: JSONValue.null), context: context)
    _ = try await DeadlineInterceptor().intercept(call, Jobs.status, NoEventWriter()) { _, _ in
      try await body()
      return RPCAnswer(.null)
    }
  }

  @Test func aCallEndsWhenItsCallerGoes() async {
    let presence = presence()
    await #expect(throws: CancellationError.self) {
      try await ask(presence) {
        presence.gone.happen()
        try await Task.sleep(for: .seconds(60))
      }
    }
    await #expect(throws: CancellationError.self, "and doesn't begin after that") {
      try await presence.whilePresent { try await Task.sleep(for: .seconds(60)) }
    }
  }

  @Test func whoHasOnlyFinishedAskingIsStillAnswered() async throws {
    let loop = NIOAsyncTestingEventLoop()
    let presence = ConnectionPresence(.http1, eventLoop: loop)
    presence.halfClosed.happen()
    try await ask(presence) {}
    let isAsking = OneShot()
    let long = Task {
      try await ask(presence) {
        isAsking.happen()
        try await Task.sleep(for: .seconds(60))
      }
    }
    await isAsking.wait()
    await loop.advanceTime(by: .milliseconds(2_001))
    await #expect(throws: CancellationError.self) { try await long.value }
  }

  @Test func aCallEndsWithItsOwner() async {
    let presence = presence()
    let isAsking = OneShot()
    let owner = Task {
      try await ask(presence) {
        isAsking.happen()
        try await Task.sleep(for: .seconds(60))
      }
    }
    await isAsking.wait()
    owner.cancel()
    await #expect(throws: CancellationError.self) { try await owner.value }
  }
}
