/// The parameters of `submitJob`: the job's own members, and beside them the key that makes a repeated call harmless.
public struct SubmitParameters: RPCParameters, Hashable {
  /// What the method takes, in the order of its description.
  public static let parameters =
    JobSpec.parameters + [
      RPCParameter(
        "idempotencyKey", "The same key with the same job is the same job.",
        ["type": "string", "minLength": 1, "maxLength": 255])
    ]
  /// The names of the parameters that may be given by position, in their order.
  public static let positions = ["input", "output"]
  /// The job.
  public var spec: JobSpec
  /// Unique for each owner: the same key and job is the same job.
  public var idempotencyKey: String?

  /// Parameters for this job.
  ///
  /// - Parameter idempotencyKey: makes a repeated submission harmless.
  public init(spec: JobSpec, idempotencyKey: String? = nil) {
    self.spec = spec
    self.idempotencyKey = idempotencyKey
  }

  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue, limits: Limits) throws {
    var fields = try JSONFields(json, of: "params")
    spec = try JobSpec(from: &fields, limits: limits)
    idempotencyKey = try fields.optional("idempotencyKey")
    try fields.refuseTheRest()
    if let idempotencyKey, idempotencyKey.isEmpty || idempotencyKey.utf8.count > 255 {
      throw JSONFieldError(field: "idempotencyKey", rule: "must hold 1 to 255 bytes")
    }
    try spec.validate(limits: limits)
  }

  /// The JSON form.
  public var json: JSONValue {
    guard case .object(var members) = spec.json else { return spec.json }
    if let idempotencyKey { members.append(JSONMember("idempotencyKey", .string(idempotencyKey))) }
    return .object(members)
  }
}

/// The parameters of a method that speaks of one job.
public struct JobParameters: RPCParameters, Hashable {
  /// What the method takes, in the order of its description.
  public static let parameters = [RPCParameter("jobId", "The job.", JSONSchema.string, required: true)]
  /// The job.
  public var jobID: String

  /// Parameters for this job.
  public init(jobID: String) { self.jobID = jobID }

  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue, limits: Limits) throws {
    var fields = try JSONFields(json, of: "params")
    jobID = try fields.required("jobId")
    try fields.refuseTheRest()
  }

  /// The JSON form.
  public var json: JSONValue { ["jobId": .string(jobID)] }
}

/// The parameters of `streamProgress`.
public struct ProgressParameters: RPCParameters, Hashable {
  /// What the method takes, in the order of its description.
  public static let parameters = [
    RPCParameter("jobId", "The job.", JSONSchema.string, required: true),
    RPCParameter("after", "Go on after this cursor.", JSONSchema.string),
    RPCParameter("waitMs", "For the long poll: how long to wait for the job's end.", JSONSchema.integer()),
  ]
  /// The job.
  public var jobID: String
  /// Resume with the event after this one.
  public var after: JobCursor?
  /// For the long poll: milliseconds to wait for the job's end.
  public var waitMilliseconds: Int?

  /// Parameters for this job.
  public init(jobID: String, after: JobCursor? = nil, waitMilliseconds: Int? = nil) {
    self.jobID = jobID
    self.after = after
    self.waitMilliseconds = waitMilliseconds
  }

  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue, limits: Limits) throws {
    var fields = try JSONFields(json, of: "params")
    jobID = try fields.required("jobId")
    after = try fields.optional("after")
    waitMilliseconds = try fields.optional("waitMs")
    try fields.refuseTheRest()
    if let waitMilliseconds, waitMilliseconds < 0 {
      throw JSONFieldError(field: "waitMs", rule: "must not be negative")
    }
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [JSONMember("jobId", .string(jobID))]
    if let after { members.append(JSONMember("after", after.json)) }
    if let waitMilliseconds { members.append(JSONMember("waitMs", .number(waitMilliseconds))) }
    return .object(members)
  }
}

/// The answer of `getResult`: where and what the result is, and its first rows.
public struct ResultSummary: RPCValue, Hashable {
  /// The result.
  public var result: JobResult
  /// The header and at most 20 rows, as text fields.
  public var firstRows: [[String]]

  /// A summary of this result.
  public init(result: JobResult, firstRows: [[String]]) {
    self.result = result
    self.firstRows = firstRows
  }

  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    result = try JobResult(json: json)
    var fields = try JSONFields(json, of: "the result")
    firstRows = try fields.required("firstRows")
  }

  /// The JSON form.
  public var json: JSONValue {
    guard case .object(let members) = result.json else { return result.json }
    return .object(members + [JSONMember("firstRows", firstRows.json)])
  }
}
