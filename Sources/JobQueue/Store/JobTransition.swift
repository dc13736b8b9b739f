public import TallySchema

extension JobLogLine {
  /// Who shows outputs under their names: any process that finds one to be shown.
  static let publisher = "publisher"
  /// Who queues a waiting job when its time has come: any process that finds one.
  static let clock = "clock"
}

/// A change of a job that its events and its log tell, for stores to write.
public struct JobTransition: Sendable {
  public var action: JobAction
  public var actor: String
  /// The job after it.
  public var job: JobRecord

  /// - Parameter actor: who has asked for it, where neither the job nor the action says.
  /// - Returns: nil when nothing has happened that is told: progress only.
  public init?(from old: JobRecord, to new: JobRecord, by actor: String? = nil) {
    guard let action = JobAction(from: old, to: new) else { return nil }
    self.action = action
    job = new
    switch action {
    case .submitted: self.actor = new.owner
    case .ready: self.actor = JobLogLine.clock
    case .published, .notPublished: self.actor = actor ?? JobLogLine.publisher
    case .claimed, .rescued: self.actor = new.lease?.worker ?? JobLogLine.clock
    case .released, .retryScheduled, .cancelRequested, .succeeded, .failed, .cancelled, .retried, .other:
      self.actor = actor ?? old.lease?.worker ?? JobLogLine.clock
    }
  }
}

extension JobAction {
  /// Whether the job's error after it is one that it has brought about.
  var tellsError: Bool { self == .retryScheduled || self == .failed || self == .notPublished }

  /// What has happened between two records of a job; nil when nothing that a log tells.
  init?(from old: JobRecord, to new: JobRecord) {
    // What was never to be published has only succeeded.
    if old.publication != .none, new.publication != old.publication {
      self = new.publication == .published ? .published : .notPublished
    } else if new.epoch != old.epoch {
      self = new.rescues > old.rescues ? .rescued : .claimed
    } else if new.state != old.state {
      switch new.state {
      case .succeeded: self = .succeeded
      case .failed: self = .failed
      case .cancelled: self = .cancelled
      case .queued where old.state == .waiting: self = .ready
      case .queued where old.state.isFinal, .waiting where old.state.isFinal: self = .retried
      case .queued:
        let hasFailed = new.attempts > old.attempts || (new.error != nil && new.error != old.error)
        self = hasFailed ? .retryScheduled : .released
      case .waiting, .running, .other: return nil
      }
    } else if new.cancelRequested && !old.cancelRequested {
      self = .cancelRequested
    } else {
      return nil
    }
  }
}

extension JobEvent {
  /// An event as stores keep it: the status is JSON.
  ///
  /// - Returns: nil for a line of the log that is no event: when its result is committed, a job is shown as running before
  ///   and after that.
  public static func kept(jobID: String, epoch: Int, sequence: Int, status: String) throws -> JobEvent? {
    let status = try JobStatus(json: JSONValue(parsing: status))
    if status.progress.phase == .publishing { return nil }
    // As an older program has written it.
    if status.state == .succeeded, !status.published, status.error == nil, status.output != nil { return nil }
    return JobEvent(cursor: JobCursor(jobID: jobID, epoch: epoch, sequence: sequence), status: status)
  }
}

extension JobLogLine {
  /// A line as stores keep it: the status is the job's after it, as JSON, of which the line has the error that it brought.
  ///
  /// - Throws: ``UnreadableRow``.
  public init(
    jobID: String, sequence: Int, epoch: Int, atMilliseconds: Int64, actor: String, action: String, status: String
  ) throws {
    guard let action = JobAction(rawValue: action) else { throw UnreadableRow(id: jobID, column: "action") }
    let status = try JobStatus(json: JSONValue(parsing: status))
    self.init(
      cursor: JobCursor(jobID: jobID, epoch: epoch, sequence: sequence), at: Timestamp(milliseconds: atMilliseconds),
      actor: actor, action: action, error: action.tellsError ? status.error : nil)
  }
}
