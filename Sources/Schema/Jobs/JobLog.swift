/// What can happen to a job.
public enum JobAction: OpenChoice {
  /// A caller has submitted the job.
  case submitted
  /// Its start time has come.
  case ready
  /// A worker has taken the job.
  case claimed
  /// Claimed after its worker had died.
  case rescued
  /// Given back by a worker that stops.
  case released
  /// A run ended in an error, and another will follow.
  case retryScheduled
  /// A caller has asked for the job's end.
  case cancelRequested
  /// The job's result is committed.
  case succeeded
  /// The job has failed.
  case failed
  /// The job has been cancelled.
  case cancelled
  /// The output's name shows the result.
  case published
  /// The result can't be shown under the output's name.
  case notPublished
  /// Queued again, on demand, after it had ended.
  case retried
  /// An action that a newer server has named.
  case other(String)

  /// The values that this version knows.
  public static let allCases: [JobAction] = [
    .submitted, .ready, .claimed, .rescued, .released, .retryScheduled, .cancelRequested, .succeeded, .failed,
    .cancelled, .published, .notPublished, .retried,
  ]

  /// The value's name on the wire.
  public var rawValue: String {
    switch self {
    case .submitted: "submitted"
    case .ready: "ready"
    case .claimed: "claimed"
    case .rescued: "rescued"
    case .released: "released"
    case .retryScheduled: "retryScheduled"
    case .cancelRequested: "cancelRequested"
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .cancelled: "cancelled"
    case .published: "published"
    case .notPublished: "notPublished"
    case .retried: "retried"
    case .other(let name): name
    }
  }
}

/// One line of a job's log: who has done what to it, and when.
public struct JobLogLine: Hashable, Sendable {
  /// Where it stands among the job's events.
  public var cursor: JobCursor
  /// By the store's clock.
  public var at: Timestamp
  /// An owner, a worker, `publisher` (whoever shows outputs under their names) or `clock` (whoever wakes waiting jobs).
  public var actor: String
  /// What was done.
  public var action: JobAction
  /// The error that this brought about.
  public var error: JobFailure?

  /// A line with these properties.
  public init(cursor: JobCursor, at: Timestamp, actor: String, action: JobAction, error: JobFailure? = nil) {
    self.cursor = cursor
    self.at = at
    self.actor = actor
    self.action = action
    self.error = error
  }
}

extension JobLogLine: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a line of a job's log")
    self.init(
      cursor: try fields.required("cursor"), at: try fields.required("at"), actor: try fields.required("actor"),
      action: try fields.required("action"), error: try fields.optional("error"))
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [
      JSONMember("cursor", cursor.json), JSONMember("at", at.json), JSONMember("actor", .string(actor)),
      JSONMember("action", action.json),
    ]
    if let error { members.append(JSONMember("error", error.json)) }
    return .object(members)
  }
}

/// The parameters of `listEvents`.
public struct EventsParameters: RPCParameters, Hashable {
  /// What the method takes, in the order of its description.
  public static let parameters = [
    RPCParameter("jobId", "The job.", JSONSchema.string, required: true),
    RPCParameter("after", "Only what has happened after this cursor.", JSONSchema.string),
    RPCParameter("pageSize", "Lines of a page.", JSONSchema.integer(1, most: Limits.standard.pageSize)),
  ]
  /// The job.
  public var jobID: String
  /// Lines behind this one; nil: from the first.
  public var after: JobCursor?
  /// Lines on a page, at most.
  public var pageSize: Int

  /// Parameters for one page.
  public init(jobID: String, after: JobCursor? = nil, pageSize: Int = 100) {
    self.jobID = jobID
    self.after = after
    self.pageSize = pageSize
  }

  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue, limits: Limits) throws {
    var fields = try JSONFields(json, of: "params")
    jobID = try fields.required("jobId")
    after = try fields.optional("after")
    pageSize = try fields.optional("pageSize") ?? 100
    try fields.refuseTheRest()
    guard (1...limits.pageSize).contains(pageSize) else {
      throw JSONFieldError(field: "pageSize", rule: "must be from 1 to \(limits.pageSize) (pageSize)")
    }
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [JSONMember("jobId", .string(jobID)), JSONMember("pageSize", .number(pageSize))]
    if let after { members.append(JSONMember("after", after.json)) }
    return .object(members)
  }
}

/// One page of a job's log, oldest line first. Where there is more, `after` the last line's cursor is the next page.
public struct JobLogPage: RPCValue, Hashable {
  /// The page's lines, in their order.
  public var events: [JobLogLine]
  /// There are lines behind this page.
  public var hasMore: Bool

  /// A page of these lines.
  public init(events: [JobLogLine], hasMore: Bool) {
    self.events = events
    self.hasMore = hasMore
  }

  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a page of a job's log")
    self.init(events: try fields.required("events"), hasMore: try fields.required("hasMore"))
  }

  /// The JSON form.
  public var json: JSONValue { ["events": events.json, "hasMore": .bool(hasMore)] }

  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue {
    let line = JSONSchema.object(
      [
        ("cursor", JSONSchema.string), ("at", JSONSchema.string), ("actor", JSONSchema.string),
        ("action", JobAction.jsonSchema), ("error", JSONSchema.reference("JobFailure")),
      ], required: ["cursor", "at", "actor", "action"])
    return JSONSchema.object(
      [("events", JSONSchema.list(of: line)), ("hasMore", JSONSchema.boolean)], required: ["events", "hasMore"])
  }
}
