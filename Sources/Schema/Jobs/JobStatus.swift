/// The state of a job. Nothing leaves a final state but by `retryJob`.
public enum JobState: OpenChoice {
  /// For its start time.
  case waiting
  /// For a worker.
  case queued
  /// A worker is at it, or its result is about to be shown.
  case running
  /// The output is there.
  case succeeded
  /// An error has ended it.
  case failed
  /// A caller has ended it.
  case cancelled
  /// A state that a newer server has named. Whoever waits for the job goes on waiting.
  case other(String)

  /// The values that this version knows.
  public static let allCases: [JobState] = [.waiting, .queued, .running, .succeeded, .failed, .cancelled]

  /// The value's name on the wire.
  public var rawValue: String {
    switch self {
    case .waiting: "waiting"
    case .queued: "queued"
    case .running: "running"
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .cancelled: "cancelled"
    case .other(let name): name
    }
  }

  /// The job has ended: nothing changes it but `retryJob`.
  public var isFinal: Bool { self == .succeeded || self == .failed || self == .cancelled }
}

/// How far a job is.
public struct JobProgress: Hashable, Sendable {
  /// What a run is at.
  public enum Phase: OpenChoice {
    /// No run has begun.
    case waiting
    /// The inputs are read.
    case reading
    /// The result is written.
    case writing
    /// The result is there, and isn't shown under its name yet.
    case publishing
    /// The run is over.
    case done
    /// A phase that a newer server has named.
    case other(String)

    /// The values that this version knows.
    public static let allCases: [Phase] = [.waiting, .reading, .writing, .publishing, .done]

    /// The value's name on the wire.
    public var rawValue: String {
      switch self {
      case .waiting: "waiting"
      case .reading: "reading"
      case .writing: "writing"
      case .publishing: "publishing"
      case .done: "done"
      case .other(let name): name
      }
    }
  }

  /// What the run is at.
  public var phase: Phase
  /// Bytes of the inputs that have been read.
  public var bytesRead: Int
  /// Nil where the size isn't known.
  public var bytesTotal: Int?
  /// Rows that have been read; in a result, records without the header.
  public var rows: Int
  /// Groups that stand in the output so far.
  public var groups: Int
  /// Bytes written to the spill file.
  public var bytesSpilled: Int
  /// Rows that were left out.
  public var badRows: Int
  /// Lines of those rows: a row whose quoted fields have line ends has several.
  public var badLines: Int
  /// Rows read per second since the run began.
  public var rowsPerSecond: Int
  /// Seconds until the input is read, at this speed; nil where that can't be told.
  public var secondsLeft: Double?

  /// Progress with these properties.
  public init(
    phase: Phase = .waiting, bytesRead: Int = 0, bytesTotal: Int? = nil, rows: Int = 0, groups: Int = 0,
    bytesSpilled: Int = 0, badRows: Int = 0, badLines: Int? = nil, rowsPerSecond: Int = 0,
    secondsLeft: Double? = nil
  ) {
    self.phase = phase
    self.bytesRead = bytesRead
    self.bytesTotal = bytesTotal
    self.rows = rows
    self.groups = groups
    self.bytesSpilled = bytesSpilled
    self.badRows = badRows
    self.badLines = badLines ?? badRows
    self.rowsPerSecond = rowsPerSecond
    self.secondsLeft = secondsLeft
  }
}

extension JobProgress: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "progress")
    self.init(
      phase: try fields.required("phase"), bytesRead: try fields.count("bytesRead"),
      bytesTotal: try fields.optionalCount("bytesTotal"),
      rows: try fields.count("rows"), groups: try fields.count("groups"),
      bytesSpilled: try fields.count("bytesSpilled"), badRows: try fields.count("badRows"),
      badLines: try fields.optionalCount("badLines"),
      rowsPerSecond: try fields.count("rowsPerSecond"),
      secondsLeft: fields.value("secondsLeft")?.double.flatMap { $0.isFinite ? max(0, $0) : nil })
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [
      JSONMember("phase", .string(phase.rawValue)), JSONMember("bytesRead", .number(bytesRead)),
    ]
    if let bytesTotal { members.append(JSONMember("bytesTotal", .number(bytesTotal))) }
    members += [
      JSONMember("rows", .number(rows)), JSONMember("groups", .number(groups)),
      JSONMember("bytesSpilled", .number(bytesSpilled)), JSONMember("badRows", .number(badRows)),
    ]
    if badLines != badRows { members.append(JSONMember("badLines", .number(badLines))) }
    members.append(JSONMember("rowsPerSecond", .number(rowsPerSecond)))
    if let secondsLeft { members.append(JSONMember("secondsLeft", .double((secondsLeft * 10).rounded() / 10))) }
    return .object(members)
  }
}

/// The answer of a job that succeeded.
public struct JobResult: Hashable, Sendable {
  /// The output's name below the data folder.
  public var output: String
  /// The size of the result.
  public var bytes: Int
  /// Records after the header.
  public var rows: Int
  /// Lower-case hexadecimal.
  public var sha256: String
  /// Where to download it, relative to the server.
  public var url: String
  /// The name of the file of rejected rows, where the job collects them.
  public var rejects: String?

  /// A result with these properties.
  public init(output: String, bytes: Int, rows: Int, sha256: String, url: String, rejects: String? = nil) {
    self.rejects = rejects
    self.output = output
    self.bytes = bytes
    self.rows = rows
    self.sha256 = sha256
    self.url = url
  }
}

extension JobResult: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "result")
    self.init(
      output: try fields.required("output"), bytes: try fields.count("bytes"), rows: try fields.count("rows"),
      sha256: try fields.required("sha256"), url: try fields.required("url"),
      rejects: try fields.optional("rejects"))
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [
      JSONMember("output", .string(output)), JSONMember("bytes", .number(bytes)), JSONMember("rows", .number(rows)),
      JSONMember("sha256", .string(sha256)), JSONMember("url", .string(url)),
    ]
    if let rejects { members.append(JSONMember("rejects", .string(rejects))) }
    return .object(members)
  }
}

/// Everything that is told of a job.
public struct JobStatus: Hashable, Sendable {
  /// The job's identifier.
  public var jobID: String
  /// The job's state.
  public var state: JobState
  /// The input, as it is shown to people.
  public var input: String
  /// The output's name below the data folder.
  public var output: String
  /// When the job was submitted.
  public var createdAt: Timestamp
  /// When its last run began.
  public var startedAt: Timestamp?
  /// When it ended.
  public var finishedAt: Timestamp?
  /// Grows with every run; the fence of everything that a worker writes.
  public var epoch: Int
  /// Runs that ended in an error.
  public var attempts: Int
  /// Runs whose worker died.
  public var rescues: Int
  /// How far its last run is.
  public var progress: JobProgress
  /// Whether the output's name shows this job's result, or has shown it.
  public var published: Bool
  /// The result, once there is one.
  public var result: JobResult?
  /// Why it has failed, or why it isn't published yet.
  public var error: JobFailure?

  /// A status with these properties.
  public init(
    jobID: String, state: JobState, input: String, output: String, createdAt: Timestamp, startedAt: Timestamp? = nil,
    finishedAt: Timestamp? = nil, epoch: Int = 0, attempts: Int = 0, rescues: Int = 0,
    progress: JobProgress = JobProgress(), published: Bool = false, result: JobResult? = nil, error: JobFailure? = nil
  ) {
    self.jobID = jobID
    self.state = state
    self.input = input
    self.output = output
    self.createdAt = createdAt
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.epoch = epoch
    self.attempts = attempts
    self.rescues = rescues
    self.progress = progress
    self.published = published
    self.result = result
    self.error = error
  }
}

extension JobStatus: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "the job's status")
    self.init(
      jobID: try fields.required("jobId"), state: try fields.required("state"), input: try fields.required("input"),
      output: try fields.required("output"), createdAt: try fields.required("createdAt"),
      startedAt: try fields.optional("startedAt"), finishedAt: try fields.optional("finishedAt"),
      epoch: try fields.required("epoch"), attempts: try fields.required("attempts"),
      rescues: try fields.required("rescues"), progress: try fields.required("progress"),
      published: try fields.required("published"), result: try fields.optional("result"),
      error: try fields.optional("error"))
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [
      JSONMember("jobId", .string(jobID)), JSONMember("state", state.json), JSONMember("input", .string(input)),
      JSONMember("output", .string(output)), JSONMember("createdAt", createdAt.json),
    ]
    if let startedAt { members.append(JSONMember("startedAt", startedAt.json)) }
    if let finishedAt { members.append(JSONMember("finishedAt", finishedAt.json)) }
    members += [
      JSONMember("epoch", .number(epoch)), JSONMember("attempts", .number(attempts)),
      JSONMember("rescues", .number(rescues)), JSONMember("progress", progress.json),
      JSONMember("published", .bool(published)),
    ]
    if let result { members.append(JSONMember("result", result.json)) }
    if let error { members.append(JSONMember("error", error.json)) }
    return .object(members)
  }
}
