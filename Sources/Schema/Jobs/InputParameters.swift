/// The parameters of `listInputs`.
public struct ListInputsParameters: RPCParameters, Hashable {
  public static let parameters = [
    RPCParameter("prefix", "Only names that begin so.", JSONSchema.string),
    RPCParameter("pageSize", "Names of a page.", JSONSchema.integer(1, most: Limits.standard.pageSize)),
    RPCParameter("pageToken", "From the page before.", JSONSchema.string),
  ]
  public var prefix: String
  public var pageSize: Int
  public var pageToken: String?

  public init(prefix: String = "", pageSize: Int = 100, pageToken: String? = nil) {
    self.prefix = prefix
    self.pageSize = pageSize
    self.pageToken = pageToken
  }

  public init(json: JSONValue, limits: Limits) throws {
    var fields = try JSONFields(json, of: "params")
    prefix = try fields.optional("prefix") ?? ""
    pageSize = try fields.optional("pageSize") ?? 100
    pageToken = try fields.optional("pageToken")
    try fields.refuseTheRest()
    guard (1...limits.pageSize).contains(pageSize) else {
      throw JSONFieldError(field: "pageSize", rule: "must be from 1 to \(limits.pageSize) (pageSize)")
    }
  }

  public var json: JSONValue {
    var members = [JSONMember("prefix", .string(prefix)), JSONMember("pageSize", .number(pageSize))]
    if let pageToken { members.append(JSONMember("pageToken", .string(pageToken))) }
    return .object(members)
  }
}

/// One page of `listInputs`, by name.
public struct InputPage: RPCValue, Hashable {
  public struct Input: JSONConvertible, Hashable {
    public var name: String
    public var bytes: Int
    public var modifiedAt: Timestamp

    public init(name: String, bytes: Int, modifiedAt: Timestamp) {
      self.name = name
      self.bytes = bytes
      self.modifiedAt = modifiedAt
    }

    public init(json: JSONValue) throws {
      var fields = try JSONFields(json, of: "an input")
      self.init(
        name: try fields.required("name"), bytes: try fields.count("bytes"),
        modifiedAt: try fields.required("modifiedAt"))
    }

    public var json: JSONValue {
      ["name": .string(name), "bytes": .number(bytes), "modifiedAt": modifiedAt.json]
    }
  }

  public var inputs: [Input]
  /// For the next page; nil on the last.
  public var nextPageToken: String?

  public init(inputs: [Input], nextPageToken: String? = nil) {
    self.inputs = inputs
    self.nextPageToken = nextPageToken
  }

  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a page of inputs")
    inputs = try fields.required("inputs")
    nextPageToken = try fields.optional("nextPageToken")
  }

  public var json: JSONValue {
    var members = [JSONMember("inputs", inputs.json)]
    if let nextPageToken { members.append(JSONMember("nextPageToken", .string(nextPageToken))) }
    return .object(members)
  }

  public static var jsonSchema: JSONValue {
    let input = JSONSchema.object(
      [("name", JSONSchema.string), ("bytes", JSONSchema.integer()), ("modifiedAt", JSONSchema.time)],
      required: ["name", "bytes", "modifiedAt"])
    return JSONSchema.object(
      [("inputs", JSONSchema.list(of: input)), ("nextPageToken", JSONSchema.string)], required: ["inputs"])
  }
}

/// The parameters of `watchJobs`.
public struct WatchParameters: RPCParameters, Hashable {
  public static let parameters = [
    RPCParameter(
      "jobIds", "The jobs.", ["type": "array", "items": JSONSchema.string, "minItems": 1, "maxItems": 1_000],
      required: true),
    RPCParameter("waitMs", "For the long poll: how long to wait for the end of all.", JSONSchema.integer()),
  ]
  public var jobIDs: [String]
  /// For the long poll: milliseconds to wait for the end of all jobs.
  public var waitMilliseconds: Int?

  public init(jobIDs: [String], waitMilliseconds: Int? = nil) {
    self.jobIDs = jobIDs
    self.waitMilliseconds = waitMilliseconds
  }

  public init(json: JSONValue, limits: Limits) throws {
    var fields = try JSONFields(json, of: "params")
    jobIDs = try fields.required("jobIds")
    waitMilliseconds = try fields.optional("waitMs")
    try fields.refuseTheRest()
    guard (1...limits.pageSize).contains(jobIDs.count) else {
      throw JSONFieldError(field: "jobIds", rule: "must hold 1 to \(limits.pageSize) IDs (pageSize)")
    }
    guard Set(jobIDs.map(UTF8Key.init)).count == jobIDs.count else {
      throw JSONFieldError(field: "jobIds", rule: "must not hold one ID twice")
    }
    if let waitMilliseconds, waitMilliseconds < 0 {
      throw JSONFieldError(field: "waitMs", rule: "must not be negative")
    }
  }

  public var json: JSONValue {
    var members = [JSONMember("jobIds", jobIDs.json)]
    if let waitMilliseconds { members.append(JSONMember("waitMs", .number(waitMilliseconds))) }
    return .object(members)
  }
}
