import JobQueue
import Synchronization
import TallySchema

/// A job's status at one place of its events.
struct JobMoment: Sendable {
  var cursor: JobCursor
  var status: JobStatus

  init(_ job: JobRecord) {
    cursor = job.cursor
    status = job.status
  }

  init(_ update: JobUpdate) {
    cursor = update.cursor
    status = update.status
  }
}

/// The newest moment that a follower has seen, for whoever stops following.
final class LatestMoment: Sendable {
  private let state: Mutex<JobMoment>

  init(_ moment: JobMoment) { state = Mutex(moment) }

  var moment: JobMoment { state.withLock { $0 } }

  /// False: the moment isn't newer than what is known.
  func advance(to moment: JobMoment) -> Bool {
    state.withLock { known in
      guard moment.cursor > known.cursor else { return false }
      known = moment
      return true
    }
  }
}

/// The newest moment of each of several jobs.
final class LatestMoments: Sendable {
  private let state: Mutex<[UTF8Key: JobMoment]>

  init(_ jobs: [JobRecord]) {
    state = Mutex(Dictionary(jobs.map { (UTF8Key($0.id), JobMoment($0)) }) { first, _ in first })
  }

  /// By the jobs' IDs.
  var moments: [UTF8Key: JobMoment] { state.withLock { $0 } }

  func set(_ moment: JobMoment) { state.withLock { $0[UTF8Key(moment.cursor.jobID)] = moment } }

  func remove(_ id: String) { _ = state.withLock { $0.removeValue(forKey: UTF8Key(id)) } }
}
