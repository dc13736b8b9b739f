import NIOCore
import NIOEmbedded
import NIOTLS
import Synchronization
import Testing

@testable import RPCServer

/// What stands around every call: its deadline, and its caller's presence.
@Suite struct CallPathTests {
  @Test func deadlinesRingInTheirOrderWhateverOrderTheyCameIn() async throws {
    let queue = DeadlineQueue()
    let (rung, tell) = AsyncStream.makeStream(of: Int.self)
    for milliseconds in [90, 30, 60, 5] { _ = queue.add(milliseconds: milliseconds) { tell.yield(milliseconds) } }
    let removed = queue.add(milliseconds: 20) { tell.yield(20) }
    #expect(queue.remove(removed))
    #expect(!queue.remove(removed))
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
    let id = queue.add(milliseconds: 1) { rung.happen() }
    await rung.wait()
    #expect(!queue.remove(id))
  }

  @Test(arguments: [false, true]) func aHandshakeThatIsntDoneInTimeEndsItsConnection(isDone: Bool) throws {
    let channel = EmbeddedChannel(handler: HandshakeDeadline(milliseconds: 500))
    try channel.connect(to: SocketAddress(unixDomainSocketPath: "/peer")).wait()
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(499))
    #expect(channel.isActive)
    if isDone {
      channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: nil))
    }
    channel.embeddedEventLoop.advanceTime(by: .seconds(60))
    #expect(channel.isActive == isDone)
    _ = try? channel.finish()
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

  @Test func aCallEndsWhenItsCallerGoes() async {
    let presence = presence()
    await #expect(throws: CancellationError.self) {
      try await presence.whileAsking {
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
    #expect(try await presence.whileAsking { 1 } == 1)
    let isAsking = OneShot()
    let long = Task {
      try await presence.whileAsking {
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
      try await presence.whileAsking {
        isAsking.happen()
        try await Task.sleep(for: .seconds(60))
      }
    }
    await isAsking.wait()
    owner.cancel()
    await #expect(throws: CancellationError.self) { try await owner.value }
  }
}
