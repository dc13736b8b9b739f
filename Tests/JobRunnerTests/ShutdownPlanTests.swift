import JobRunner
import Testing

/// The time of a stop is divided so that its parts fit in it, and a worker gives up when its part is over.
@Suite struct ShutdownPlanTests {
  @Test(arguments: [0, 1, 9, 100, 3_000, 30_000, 86_400_000]) func thePartsFitInTheWhole(total: Int) {
    let plan = ShutdownPlan(totalMilliseconds: total)
    #expect(plan.callsMilliseconds >= 0 && plan.jobsMilliseconds >= 0)
    #expect(plan.callsMilliseconds + plan.jobsMilliseconds <= total)
    #expect(total < 100 || plan.callsMilliseconds + plan.jobsMilliseconds < total, "the store is closed after that")
  }

  @Test func withoutAStopAWriteIsRepeatedForEver() {
    let plan = ShutdownPlan(totalMilliseconds: 1_000)
    #expect(
      plan.afterFailedWrite(pauseMilliseconds: 5_000, sinceStopMilliseconds: nil) == .repeatAfter(milliseconds: 5_000))
  }

  @Test(arguments: [(0, 200), (99, 200), (101, 199), (250, 50), (299, 1)]) func thePauseEndsWithThePart(
    elapsed: Int, pause: Int
  ) {
    let plan = ShutdownPlan(totalMilliseconds: 1_000)
    #expect(
      plan.afterFailedWrite(pauseMilliseconds: 200, sinceStopMilliseconds: elapsed) == .repeatAfter(milliseconds: pause)
    )
  }

  @Test(arguments: [300, 301, 1 << 40]) func afterItsPartAWorkerGivesUp(elapsed: Int) {
    #expect(
      ShutdownPlan(totalMilliseconds: 1_000).afterFailedWrite(pauseMilliseconds: 200, sinceStopMilliseconds: elapsed)
        == .giveUp)
  }
}
