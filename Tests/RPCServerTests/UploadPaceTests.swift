import NIOCore
import Testing

@testable import RPCServer

/// How slow the sender of a file may be.
@Suite struct UploadPaceTests {
  private static func moment(_ seconds: Double) -> NIODeadline { .uptimeNanoseconds(UInt64(seconds * 1e9)) }

  /// Seconds of each wait, the bytes that end it, and whether they are enough in the end.
  @Test(
    arguments: [
      ([59.9], [1], true), ([60], [59], false), ([60], [60], true), ([30, 29, 2], [1, 1, 1], false),
      ([30, 29, 2], [1, 1, 59], true), ([1], [0], true),
    ] as [([Double], [Int], Bool)])
  func theAverageCountsAfterAMinute(waits: [Double], bytes: [Int], isEnough: Bool) {
    var pace = UploadPace(bytesPerSecondLeast: 1)
    var now = 1.0
    var last = true
    for (seconds, count) in zip(waits, bytes) {
      let begins = pace.asks(at: Self.moment(now))
      #expect(begins)
      now += seconds
      last = pace.takes(count, at: Self.moment(now))
      // The disk's time is nobody's fault.
      now += 1_000
    }
    #expect(last == isEnough)
  }

  @Test func askingAgainBeginsNothing() {
    var pace = UploadPace(bytesPerSecondLeast: 1)
    let first = pace.asks(at: Self.moment(1))
    let again = pace.asks(at: Self.moment(30))
    let isEnough = pace.takes(1, at: Self.moment(62))
    let next = pace.asks(at: Self.moment(63))
    #expect(first && !again && !isEnough && next, "it has waited since the first time")
  }
}
