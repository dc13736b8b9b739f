/// What can happen to a job.
public enum JobAction: OpenChoice {
  case submitted
  /// Its start time has come.
  case ready
  case claimed
  /// Claimed after its worker had died.
  case rescued
  /// Given back by a worker that stops.
  case released
  /// A run ended in an error, and another will follow.
  case retryScheduled
  case cancelRequested
  case succeeded
  case failed
  case cancelled
  case published
  /// The result can't be shown under the output's name.
  case notPublished
  /// Queued again, on demand, after it had ended.
  case retried
  /// An action that a newer server has named.
  case other(String)

  public static let allCases: [JobAction] = [
    .submitted, .ready, .claimed, .rescued, .released, .retryScheduled, .cancelRequested, .succeeded, .failed,
    .cancelled, .published, .notPublished, .retried,
  ]

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
  public var action: JobAction
  /// The error that this brought about.
  public var error: JobFailure?

  public init(cursor: JobCursor, at: Timestamp, actor: String, action: JobAction, error: JobFailure? = nil) {
    self.cursor = cursor
    self.at = at
    self.actor = actor
    self.action = action
    self.error = error
  }
}

extension JobLogLine: JSONConvertible {
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a line of a job's log")
    self.init(
      cursor: try fields.required("cursor"), at: try fields.required("at"), actor: try fields.required("actor"),
      action: try fields.required("action"), error: try fields.optional("error"))
  }

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
  public static let parameters = [
    RPCParameter("jobId", "The job.", JSONSchema.string, required: true),
    RPCParameter("after", "Only what has happened after this cursor.", JSONSchema.string),
    RPCParameter("pageSize", "Lines of a page.", JSONSchema.integer(1, most: Limits.standard.pageSize)),
  ]
  public var jobID: String
  public var after: JobCursor?
  public var pageSize: Int

  public init(jobID: String, after: JobCursor? = nil, pageSize: Int = 100) {
    self.jobID = jobID
    self.after = after
    self.pageSize = pageSize
  }

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

  public var json: JSONValue {
    var members = [JSONMember("jobId", .string(jobID)), JSONMember("pageSize", .number(pageSize))]
    if let after { members.append(JSONMember("after", after.json)) }
    return .object(members)
  }
}

/// One page of a job's log, oldest line first. Where there is more, `after` the last line's cursor is the next page.
public struct JobLogPage: RPCValue, Hashable {
  public var events: [JobLogLine]
  public var hasMore: Bool

  public init(events: [JobLogLine], hasMore: Bool) {
    self.events = events
    self.hasMore = hasMore
  }

  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a page of a job's log")
    self.init(events: try fields.required("events"), hasMore: try fields.required("hasMore"))
  }

  public var json: JSONValue { ["events": events.json, "hasMore": .bool(hasMore)] }

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
