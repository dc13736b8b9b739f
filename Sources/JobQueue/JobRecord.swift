public import TallySchema

/// A job as a store keeps it: what was asked, where it stands, and who may write to it.
public struct JobRecord: Hashable, Sendable {
  public var id: String
  /// Who submitted it. Idempotency keys are unique for each owner.
  public var owner: String
  public var idempotencyKey: String?
  public var spec: JobSpec
  public var state: JobState
  public var createdAt: Timestamp
  /// Not before; the time from which the job's place in the queue is reckoned.
  public var readyAt: Timestamp
  public var startedAt: Timestamp?
  public var finishedAt: Timestamp?
  /// The fencing token: grows with every run, never falls.
  public var epoch = 0
  /// Runs that ended in an error.
  public var attempts = 0
  /// Runs whose worker died.
  public var rescues = 0
  /// Grows with everything that a subscriber is shown, never falls.
  public var sequence = 0
  public var cancelRequested = false
  /// Set exactly while the job is running.
  public var lease: JobLease?
  public var progress = JobProgress()
  /// Set exactly when the job has succeeded.
  public var result: CommittedResult?
  public var publication = Publication.none
  public var error: JobFailure?
  /// Why what the job asks can't be read, for people; nil: it can. Then the specification has the
  /// input as it is shown to people and the output, and nothing else of the job's own.
  public var unreadable: String?

  public init(
    id: String, owner: String, idempotencyKey: String? = nil, spec: JobSpec, state: JobState, createdAt: Timestamp,
    readyAt: Timestamp
  ) {
    self.id = id
    self.owner = owner
    self.idempotencyKey = idempotencyKey
    self.spec = spec
    self.state = state
    self.createdAt = createdAt
    self.readyAt = readyAt
  }

  /// The place in the queue, in milliseconds, the lowest first: a step of priority counts as a minute of waiting, so
  /// that nothing starves.
  public var claimKey: Int64 { readyAt.milliseconds - Int64(askedPriority ?? spec.priority) * 60_000 }

  /// The priority of a job that can't be read, as its place in the queue tells it; nil: the specification says.
  var askedPriority: Int?

  /// Where the newest change stands among the job's events.
  public var cursor: JobCursor { JobCursor(jobID: id, epoch: epoch, sequence: sequence) }

  /// Whether the job's output name is taken: until it has ended, and after success until it is published.
  public var reservesOutput: Bool { !state.isFinal || publication == .pending }

  /// Whether the result is committed, and neither shown under its name nor given up.
  public var isPublishing: Bool { publication == .pending }

  /// The state that callers are shown: a job runs until its output is there. ``JobColumns/shownState`` is the same in SQL.
  public var shownState: JobState { isPublishing ? .running : state }

  /// What is told of a job that can't be read.
  public var unreadableFailure: JobFailure? {
    unreadable.map { JobFailure(.failedPrecondition, reason: "JOB_UNREADABLE", $0) }
  }

  /// What is told of the job.
  public var status: JobStatus {
    var status = keptStatus
    if let unreadableFailure { status.error = unreadableFailure }
    return status
  }

  /// The same as stores keep it with the job's events, for programs that can read the job as well.
  public var keptStatus: JobStatus {
    var progress = progress
    if isPublishing { progress.phase = .publishing }
    return JobStatus(
      jobID: id, state: shownState, input: spec.input, output: spec.output, createdAt: createdAt, startedAt: startedAt,
      finishedAt: isPublishing ? nil : finishedAt, epoch: epoch, attempts: attempts, rescues: rescues,
      progress: progress, published: publication == .published,
      result: isPublishing
        ? nil
        : result.map {
          JobResult(
            output: spec.output, bytes: $0.bytes, rows: $0.rows, sha256: $0.sha256, url: "/results/\(id)",
            rejects: spec.rejectsName)
        }, error: error)
  }
}

/// Who runs a job, and until when nobody else may claim it.
public struct JobLease: Hashable, Sendable {
  public var worker: String
  public var expiresAt: Timestamp

  public init(worker: String, expiresAt: Timestamp) {
    self.worker = worker
    self.expiresAt = expiresAt
  }
}

/// The result that a job's one decision has named.
public struct CommittedResult: Hashable, Sendable {
  /// Below the data folder.
  public var file: String
  public var bytes: Int
  /// Records after the header.
  public var rows: Int
  /// Lower-case hexadecimal.
  public var sha256: String
  /// Of the output's name: the newest committed generation is what the name is to show. 1 where there is no name.
  public var generation: Int
  /// The file of rejected rows, where the job collects them, below the data folder.
  public var rejectsFile: String { file + ".rejects" }

  public init(file: String, bytes: Int, rows: Int, sha256: String, generation: Int) {
    self.file = file
    self.bytes = bytes
    self.rows = rows
    self.sha256 = sha256
    self.generation = generation
  }
}

/// How the visible name of an output stands to a job's result.
public enum Publication: String, CaseIterable, Sendable {
  /// There is no result.
  case none
  /// The result is committed; the name doesn't show it yet.
  case pending
  /// The name shows it, or has shown it.
  case published
  /// There is no name, or it can't show it. The result stays downloadable.
  case impossible
}
