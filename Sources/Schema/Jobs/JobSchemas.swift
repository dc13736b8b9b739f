// The JSON Schemas of the job service's values, for `rpc.discover`.

extension JobState: RPCValue {}

extension JobStatus: RPCValue {
  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue { JSONSchema.reference("JobStatus") }
}

extension JobEvent: RPCValue {
  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue {
    JSONSchema.object(
      [("cursor", JSONSchema.string), ("gap", JSONSchema.boolean), ("status", JobStatus.jsonSchema)],
      required: ["cursor", "status"])
  }
}

extension JobPage {
  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue {
    JSONSchema.object(
      [
        ("jobs", JSONSchema.list(of: JobStatus.jsonSchema)), ("nextPageToken", JSONSchema.string),
        ("counts", JSONSchema.object(JobState.allCases.map { ($0.rawValue, JSONSchema.integer()) }, required: [])),
        ("missing", JSONSchema.list(of: JSONSchema.string)),
      ], required: ["jobs"])
  }
}

extension ResultSummary {
  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue {
    JSONSchema.object(
      JobResult.members + [("firstRows", JSONSchema.list(of: JSONSchema.list(of: JSONSchema.string)))],
      required: JobResult.requiredMembers + ["firstRows"])
  }
}

extension JobResult {
  fileprivate static let members: [(String, JSONValue)] = [
    ("output", JSONSchema.string), ("bytes", JSONSchema.integer()), ("rows", JSONSchema.integer()),
    ("sha256", ["type": "string", "pattern": "^[0-9a-f]{64}$"]), ("url", JSONSchema.string),
    ("rejects", JSONSchema.string),
  ]
  fileprivate static let requiredMembers = members.map(\.0).filter { !["rejects", "output"].contains($0) }
}

extension Jobs {
  /// The schemas that the methods' own refer to.
  public static let components: [(String, JSONValue)] = [
    ("JobStatus", statusSchema), ("JobProgress", progressSchema), ("JobFailure", failureSchema),
    ("JobResult", JSONSchema.object(JobResult.members, required: JobResult.requiredMembers)),
  ]

  private static let statusSchema = JSONSchema.object(
    [
      ("jobId", JSONSchema.string), ("state", JobState.jsonSchema), ("input", JSONSchema.string),
      ("output", JSONSchema.string), ("createdAt", JSONSchema.time), ("startedAt", JSONSchema.time),
      ("finishedAt", JSONSchema.time), ("epoch", JSONSchema.integer()), ("attempts", JSONSchema.integer()),
      ("rescues", JSONSchema.integer()), ("progress", JSONSchema.reference("JobProgress")),
      ("published", JSONSchema.boolean), ("result", JSONSchema.reference("JobResult")),
      ("error", JSONSchema.reference("JobFailure")),
    ],
    required: [
      "jobId", "state", "input", "createdAt", "epoch", "attempts", "rescues", "progress", "published",
    ])

  private static let progressSchema = JSONSchema.object(
    [
      ("phase", JobProgress.Phase.jsonSchema), ("bytesRead", JSONSchema.integer()),
      ("bytesTotal", JSONSchema.integer()), ("rows", JSONSchema.integer()), ("groups", JSONSchema.integer()),
      ("bytesSpilled", JSONSchema.integer()), ("badRows", JSONSchema.integer()), ("badLines", JSONSchema.integer()),
      ("rowsPerSecond", JSONSchema.integer()), ("secondsLeft", JSONSchema.number),
    ], required: ["phase", "bytesRead", "rows", "groups", "bytesSpilled", "badRows", "rowsPerSecond"])

  private static let failureSchema = JSONSchema.object(
    [
      ("status", JSONSchema.choice(RPCStatus.allCases.map(\.name))), ("reason", JSONSchema.string),
      ("message", JSONSchema.string), ("file", JSONSchema.string), ("line", JSONSchema.integer(1)),
      ("column", JSONSchema.integer(1)), ("attempt", JSONSchema.integer(1)),
    ], required: ["status", "reason", "message"])
}

extension JobSpec {
  /// As parameters of `submitJob`.
  public static let parameters: [RPCParameter] = [
    RPCParameter(
      "input",
      "The CSV file, a name below the data folder; or names, or a pattern such as plays/*.csv, of files with "
        + "equal headers.", ["oneOf": [JSONSchema.string, JSONSchema.list(of: JSONSchema.string)]], required: true),
    RPCParameter(
      "output", "The answer's name below the data folder; without it, the result is only downloaded.", JSONSchema.string
    ),
    RPCParameter("groupBy", "The columns to group by.", JSONSchema.list(of: JSONSchema.string)),
    RPCParameter("aggregates", "What to compute for each group.", JSONSchema.list(of: aggregate)),
    RPCParameter(
      "where", "The rows that are looked at: {column, op, value}, {and: […]}, {or: […]} or {not: …}.",
      ["type": "object"]),
    RPCParameter(
      "orderBy", "The output's order, by its columns.",
      JSONSchema.list(
        of: JSONSchema.object(
          [("column", JSONSchema.string), ("descending", JSONSchema.boolean)], required: ["column"]))),
    RPCParameter("limit", "Records of the output, at most.", JSONSchema.integer(1)),
    RPCParameter(
      "csv", "How the file is written.",
      JSONSchema.object(
        [
          ("delimiter", character),
          ("quote", ["type": "string", "maxLength": 1]), ("escape", character), ("header", JSONSchema.boolean),
          ("null", JSONSchema.list(of: JSONSchema.string)),
          ("encoding", JSONSchema.choice(CSVDialect.Encoding.allCases.map(\.rawValue))), ("comment", character),
          ("skipLines", JSONSchema.integer()), ("trim", JSONSchema.boolean), ("decimalMark", character),
          ("thousandsMark", character), ("lineEnd", JSONSchema.choice(CSVDialect.LineEnd.allCases.map(\.rawValue))),
        ], required: [])),
    RPCParameter("format", "How the output is written.", JSONSchema.choice(Format.allCases.map(\.rawValue))),
    RPCParameter(
      "onBadRow", "What a bad row does to the job.", JSONSchema.choice(BadRowPolicy.allCases.map(\.rawValue))),
    RPCParameter("maxBadRows", "Bad rows that may be left out.", JSONSchema.integer()),
    RPCParameter("memoryBytes", "Memory for the job.", JSONSchema.integer(Limits.standard.memoryBytesLeast)),
    RPCParameter("priority", "A step counts as a minute of waiting.", JSONSchema.integer(-100, most: 100)),
    RPCParameter("startAt", "The job isn't started before.", JSONSchema.time),
  ]

  private static let character: JSONValue = ["type": "string", "minLength": 1, "maxLength": 1]

  private static let aggregate = JSONSchema.object(
    [
      ("function", JSONSchema.choice(Aggregate.Function.allCases.map(\.rawValue))), ("column", JSONSchema.string),
      ("as", JSONSchema.string), ("type", JSONSchema.choice(Aggregate.ValueType.allCases.map(\.rawValue))),
    ], required: ["function"])
}
