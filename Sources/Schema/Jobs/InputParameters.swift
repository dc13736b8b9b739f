/// The parameters of `listInputs`.
public struct ListInputsParameters: RPCParameters, Hashable {
  /// What the method takes, in the order of its description.
  public static let parameters = [
    RPCParameter("prefix", "Only names that begin so.", JSONSchema.string),
    RPCParameter("pageSize", "Names of a page.", JSONSchema.integer(1, most: Limits.standard.pageSize)),
    RPCParameter("pageToken", "From the page before.", JSONSchema.string),
  ]
  /// What the names begin with.
  public var prefix: String
  /// Names on a page, at most.
  public var pageSize: Int
  /// Where the page begins: a `nextPageToken`; nil: at the first name.
  public var pageToken: String?

  /// Parameters for one page.
  public init(prefix: String = "", pageSize: Int = 100, pageToken: String? = nil) {
    self.prefix = prefix
    self.pageSize = pageSize
    self.pageToken = pageToken
  }

  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
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

  /// The JSON form.
  public var json: JSONValue {
    var members = [JSONMember("prefix", .string(prefix)), JSONMember("pageSize", .number(pageSize))]
    if let pageToken { members.append(JSONMember("pageToken", .string(pageToken))) }
    return .object(members)
  }
}

/// One page of `listInputs`, by name.
public struct InputPage: RPCValue, Hashable {
  /// A file that a job may read.
  public struct Input: JSONConvertible, Hashable {
    /// The name below the data folder.
    public var name: String
    /// The file's size.
    public var bytes: Int
    /// When the file was changed last.
    public var modifiedAt: Timestamp

    /// A file with these properties.
    public init(name: String, bytes: Int, modifiedAt: Timestamp) {
      self.name = name
      self.bytes = bytes
      self.modifiedAt = modifiedAt
    }

    /// Reads the value from its JSON form.
    ///
    /// - Throws: ``JSONFieldError``, which names the field and the rule.
    public init(json: JSONValue) throws {
      var fields = try JSONFields(json, of: "an input")
      self.init(
        name: try fields.required("name"), bytes: try fields.count("bytes"),
        modifiedAt: try fields.required("modifiedAt"))
    }

    /// The JSON form.
    public var json: JSONValue {
      ["name": .string(name), "bytes": .number(bytes), "modifiedAt": modifiedAt.json]
    }
  }

  /// The page's files, in the order of their names.
  public var inputs: [Input]
  /// For the next page; nil on the last.
  public var nextPageToken: String?

  /// A page of these files.
  public init(inputs: [Input], nextPageToken: String? = nil) {
    self.inputs = inputs
    self.nextPageToken = nextPageToken
  }

  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a page of inputs")
    inputs = try fields.required("inputs")
    nextPageToken = try fields.optional("nextPageToken")
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [JSONMember("inputs", inputs.json)]
    if let nextPageToken { members.append(JSONMember("nextPageToken", .string(nextPageToken))) }
    return .object(members)
  }

  /// The JSON Schema of the JSON form.
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
  /// What the method takes, in the order of its description.
  public static let parameters = [
    RPCParameter(
      "jobIds", "The jobs.", ["type": "array", "items": JSONSchema.string, "minItems": 1, "maxItems": 1_000],
      required: true),
    RPCParameter("waitMs", "For the long poll: how long to wait for the end of all.", JSONSchema.integer()),
  ]
  /// The jobs that are watched.
  public var jobIDs: [String]
  /// For the long poll: milliseconds to wait for the end of all jobs.
  public var waitMilliseconds: Int?

  /// Parameters for these jobs.
  public init(jobIDs: [String], waitMilliseconds: Int? = nil) {
    self.jobIDs = jobIDs
    self.waitMilliseconds = waitMilliseconds
  }

  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
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

  /// The JSON form.
  public var json: JSONValue {
    var members = [JSONMember("jobIds", jobIDs.json)]
    if let waitMilliseconds { members.append(JSONMember("waitMs", .number(waitMilliseconds))) }
    return .object(members)
  }
}
