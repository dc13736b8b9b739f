import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A named place between two steps, at which a campaign of crashes can end or stop the process.
///
/// The environment arms them, for tests only: `TALLY_FAILPOINTS=publishLinked=kill,committed=stop@2` kills the process the
/// first time it comes to the one, and stops it (SIGSTOP) the second time it comes to the other.
package enum Failpoint: String, CaseIterable {
  /// A worker has a job, and nothing of its run is there yet.
  case claimed
  /// The folder of the job's results is there.
  case resultNamed
  /// The result is on disk, and nobody knows of it.
  case resultWritten
  /// The job has succeeded, and nobody sees it.
  case committed
  case publishLocked
  /// The newest generation is known.
  case publishChosen
  case publishLinked
  case publishRenamed
  case publishUnlinked
  case publishSynced
  case publishMarked
  /// The name no longer shows the result of a job that is being deleted.
  case deleteUnlinked
  /// The job is forgotten, and its result's file is still there.
  case deleteForgotten
  /// An upload is journaled, and its sender doesn't know of it.
  case uploadMade
  /// A request has taken an upload over, and nothing of its bytes is there.
  case segmentBegun
  /// Bytes of an upload are durable, and not journaled.
  case segmentSynced
  /// They are journaled, and their sender doesn't know of it.
  case segmentJournaled

  private struct Arm {
    var signal: Int32
    /// Times that it has yet to be passed.
    var passes: Int
  }

  private static let armed = Mutex(read())
  private static let isArmed = armed.withLock { !$0.isEmpty }

  /// The process has come here.
  package func reach() {
    guard Failpoint.isArmed else { return }
    let signal = Failpoint.armed.withLock { armed -> Int32? in
      guard let arm = armed[self] else { return nil }
      if arm.passes > 0 {
        armed[self]?.passes -= 1
        return nil
      }
      armed[self] = nil
      return arm.signal
    }
    if let signal { kill(getpid(), signal) }
  }

  private static func read() -> [Failpoint: Arm] {
    guard let text = getenv("TALLY_FAILPOINTS").map({ String(cString: $0) }) else { return [:] }
    var armed: [Failpoint: Arm] = [:]
    for item in text.split(separator: ",") {
      let parts = item.split { $0 == "=" || $0 == "@" }
      guard parts.count >= 2, let point = Failpoint(rawValue: String(parts[0])), ["kill", "stop"].contains(parts[1])
      else { fatalError("TALLY_FAILPOINTS holds '\(item)', which is no failpoint") }
      let time = parts.count > 2 ? Int(parts[2]) ?? 1 : 1
      armed[point] = Arm(signal: parts[1] == "kill" ? SIGKILL : SIGSTOP, passes: time - 1)
    }
    return armed
  }
}
