import NIOCore

/// Tells when a connection has waited too long. Almost every wait ends long before it is due, and a timer set for each would
/// cost every request more than its guard does otherwise: one stays set, for that moment or an earlier one, and looks again
/// when it rings. Belongs to the connection's event loop.
final class ConnectionClock {
  private var due: (moment: NIODeadline, action: () -> Void)?
  private var timer: (moment: NIODeadline, task: Scheduled<Void>)?

  /// Calls the action when so many milliseconds have passed, unless another wait begins before, or none is left.
  func wait(_ milliseconds: Int, on eventLoop: any EventLoop, then action: @escaping () -> Void) {
    let moment = eventLoop.now + .milliseconds(Int64(milliseconds))
    due = (moment, action)
    if let timer, timer.moment <= moment { return }
    timer?.task.cancel()
    setTimer(moment, eventLoop)
  }

  /// There is nothing to wait for.
  func stop() { due = nil }

  /// The same for good: a connection has ended.
  func cancel() {
    due = nil
    timer?.task.cancel()
    timer = nil
  }

  private func setTimer(_ moment: NIODeadline, _ eventLoop: any EventLoop) {
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    timer = (moment, eventLoop.scheduleTask(deadline: moment) { bound.value.ring(eventLoop) })
  }

  private func ring(_ eventLoop: any EventLoop) {
    timer = nil
    guard let due else { return }
    if due.moment > eventLoop.now { return setTimer(due.moment, eventLoop) }
    self.due = nil
    due.action()
  }
}
