import Synchronization
import TallySchema

/// What the threads of a run count, and whether they are to stop. Read by whoever draws progress.
final class ProgressCounters: Sendable {
  /// What a run is at.
  enum Phase: UInt8, AtomicRepresentable {
    case reading, writing, done
  }

  let bytesRead = Atomic<Int>(0)
  let rows = Atomic<Int>(0)
  let groups = Atomic<Int>(0)
  let bytesSpilled = Atomic<Int>(0)
  let badRows = Atomic<Int>(0)
  let badLines = Atomic<Int>(0)
  let bytesTotal = Atomic<Int>(-1)
  let phase = Atomic(Phase.reading)
  let interruption = Interruption()

  /// - Parameter seconds: since the run began.
  func snapshot(seconds: Double) -> JobProgress {
    let total = bytesTotal.load(ordering: .relaxed)
    let read = bytesRead.load(ordering: .relaxed)
    let rows = rows.load(ordering: .relaxed)
    let phase: JobProgress.Phase =
      switch self.phase.load(ordering: .relaxed) {
      case .reading: .reading
      case .writing: .writing
      case .done: .done
      }
    let secondsLeft =
      phase == .reading && total > 0 && read > 0 ? seconds * Double(total - read) / Double(read) : nil
    return JobProgress(
      phase: phase, bytesRead: read, bytesTotal: total >= 0 ? total : nil, rows: rows,
      groups: groups.load(ordering: .relaxed), bytesSpilled: bytesSpilled.load(ordering: .relaxed),
      badRows: badRows.load(ordering: .relaxed), badLines: badLines.load(ordering: .relaxed),
      rowsPerSecond: seconds > 0 ? Int(Double(rows) / seconds) : 0,
      secondsLeft: secondsLeft)
  }
}
