/// Everything that is told of a job.
public struct JobStatus: Hashable, Sendable {
  /// The job's identifier.
  public var jobID: String
  /// The job's state.
  public var state: JobState
  /// The input, as it is shown to people.
  public var input: String
  /// The output's name below the data folder; nil: the result is shown under no name.
  public var output: String?
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
    jobID: String, state: JobState, input: String, output: String?, createdAt: Timestamp, startedAt: Timestamp? = nil,
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
      output: try fields.optional("output"), createdAt: try fields.required("createdAt"),
      startedAt: try fields.optional("startedAt"), finishedAt: try fields.optional("finishedAt"),
      epoch: try fields.required("epoch"), attempts: try fields.required("attempts"),
      rescues: try fields.required("rescues"), progress: try fields.required("progress"),
      published: try fields.required("published"), result: try fields.optional("result"),
      error: try fields.optional("error"))
  }

  /// The JSON form.
  public var json: JSONValue {
    var members: [JSONMember] = []
    members.reserveCapacity(14)
    members.append(JSONMember("jobId", .string(jobID)))
    members.append(JSONMember("state", state.json))
    members.append(JSONMember("input", .string(input)))
    if let output { members.append(JSONMember("output", .string(output))) }
    members.append(JSONMember("createdAt", createdAt.json))
    if let startedAt { members.append(JSONMember("startedAt", startedAt.json)) }
    if let finishedAt { members.append(JSONMember("finishedAt", finishedAt.json)) }
    members.append(JSONMember("epoch", .number(epoch)))
    members.append(JSONMember("attempts", .number(attempts)))
    members.append(JSONMember("rescues", .number(rescues)))
    members.append(JSONMember("progress", progress.json))
    members.append(JSONMember("published", .bool(published)))
    if let result { members.append(JSONMember("result", result.json)) }
    if let error { members.append(JSONMember("error", error.json)) }
    return .object(members)
  }
}
