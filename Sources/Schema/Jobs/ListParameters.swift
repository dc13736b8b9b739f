/// The parameters of `listJobs`.
public struct ListParameters: RPCParameters, Hashable {
  /// What the method takes, in the order of its description.
  public static let parameters = [
    RPCParameter("states", "Only jobs in these states.", JSONSchema.list(of: JobState.jsonSchema)),
    RPCParameter("output", "Only jobs whose output's name begins so.", JSONSchema.string),
    RPCParameter("unnamed", "Whether to list jobs without an output too.", JSONSchema.boolean),
    RPCParameter("createdFrom", "Only jobs submitted at this time or later (RFC 3339).", JSONSchema.string),
    RPCParameter("createdBefore", "Only jobs submitted before this time.", JSONSchema.string),
    RPCParameter("counts", "Whether to tell how many jobs there are in each state.", JSONSchema.boolean),
    RPCParameter("pageSize", "Jobs of a page.", JSONSchema.integer(1, most: Limits.standard.pageSize)),
    RPCParameter("pageToken", "From the page before.", JSONSchema.string),
  ]
  /// Nil: every state.
  public var states: [JobState]?
  /// What the output's name begins with.
  public var output: String?
  /// Whether jobs whose result is shown under no name are listed, and counted, as well.
  public var unnamed: Bool
  /// Jobs submitted at this time or later.
  public var createdFrom: Timestamp?
  /// Jobs submitted before this time.
  public var createdBefore: Timestamp?
  /// Whether the page tells how many jobs there are in each state.
  public var counts: Bool
  /// Jobs on a page, at most.
  public var pageSize: Int
  /// From the page before.
  public var pageToken: String?

  /// Parameters for one page, with these properties.
  public init(
    states: [JobState]? = nil, output: String? = nil, unnamed: Bool = false, createdFrom: Timestamp? = nil,
    createdBefore: Timestamp? = nil,
    counts: Bool = false, pageSize: Int = 50, pageToken: String? = nil
  ) {
    self.states = states
    self.output = output
    self.unnamed = unnamed
    self.createdFrom = createdFrom
    self.createdBefore = createdBefore
    self.counts = counts
    self.pageSize = pageSize
    self.pageToken = pageToken
  }

  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue, limits: Limits) throws {
    var fields = try JSONFields(json, of: "params")
    let asked: [JobState]? = try fields.optional("states")
    for (index, state) in (asked ?? []).enumerated() { try state.mustBeKnown(field: "states.\(index)") }
    // Each once, however often it was named.
    states = asked.map { asked in JobState.allCases.filter(asked.contains) }
    output = try fields.optional("output")
    unnamed = try fields.optional("unnamed") ?? false
    createdFrom = try fields.optional("createdFrom")
    createdBefore = try fields.optional("createdBefore")
    counts = try fields.optional("counts") ?? false
    pageSize = try fields.optional("pageSize") ?? 50
    pageToken = try fields.optional("pageToken")
    try fields.refuseTheRest()
    guard (1...limits.pageSize).contains(pageSize) else {
      throw JSONFieldError(field: "pageSize", rule: "must be from 1 to \(limits.pageSize) (pageSize)")
    }
  }

  /// The JSON form.
  public var json: JSONValue {
    var members: [JSONMember] = []
    if let states { members.append(JSONMember("states", states.json)) }
    if let output { members.append(JSONMember("output", .string(output))) }
    if unnamed { members.append(JSONMember("unnamed", true)) }
    if let createdFrom { members.append(JSONMember("createdFrom", createdFrom.json)) }
    if let createdBefore { members.append(JSONMember("createdBefore", createdBefore.json)) }
    if counts { members.append(JSONMember("counts", true)) }
    members.append(JSONMember("pageSize", .number(pageSize)))
    if let pageToken { members.append(JSONMember("pageToken", .string(pageToken))) }
    return .object(members)
  }
}

/// One page of `listJobs`, newest job first.
public struct JobPage: RPCValue, Hashable {
  /// The page's jobs, newest first.
  public var jobs: [JobStatus]
  /// For the next page; nil on the last.
  public var nextPageToken: String?
  /// How many of the owner's jobs there are in each state, whatever the page shows; nil where it wasn't asked for.
  public var counts: [JobState: Int]?
  /// Of `watchJobs`: IDs that were asked for and are no jobs of the caller's, or no more; nil: there are none.
  public var missing: [String]?

  /// A page with these properties.
  public init(
    jobs: [JobStatus], nextPageToken: String? = nil, counts: [JobState: Int]? = nil, missing: [String]? = nil
  ) {
    self.jobs = jobs
    self.nextPageToken = nextPageToken
    self.counts = counts
    self.missing = missing
  }

  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a page of jobs")
    jobs = try fields.required("jobs")
    nextPageToken = try fields.optional("nextPageToken")
    missing = try fields.optional("missing")
    guard let found = fields.value("counts") else { return }
    var counted = try JSONFields(found, of: "counts")
    counts = [:]
    for state in JobState.allCases { counts?[state] = try counted.optional(state.rawValue) }
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [JSONMember("jobs", jobs.json)]
    if let nextPageToken { members.append(JSONMember("nextPageToken", .string(nextPageToken))) }
    if let counts {
      let each = JobState.allCases.map { JSONMember($0.rawValue, .number(counts[$0] ?? 0)) }
      members.append(JSONMember("counts", .object(each)))
    }
    if let missing { members.append(JSONMember("missing", missing.json)) }
    return .object(members)
  }
}
