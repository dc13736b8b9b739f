/// What a job is to do: this CSV file, these columns to group by, these to aggregate, the answer there.
public struct JobSpec: Hashable, Sendable {
  public enum BadRowPolicy: String, CaseIterable, Sendable {
    /// The first bad row ends the job.
    case fail
    /// Bad rows are counted and left out.
    case skip
  }

  /// A name under the server's data folder.
  public var input: String
  /// A name under the server's data folder, of a file that need not exist.
  public var output: String
  public var groupBy: [String]
  public var aggregates: [Aggregate]
  public var csv: CSVDialect
  public var onBadRow: BadRowPolicy
  /// Bad rows that may be left out before the job fails.
  public var maxBadRows: Int
  /// Bytes of memory for the job's work.
  public var memoryBytes: Int
  /// Each step counts as a minute of waiting; -100 to 100.
  public var priority: Int
  /// The job isn't started before.
  public var startAt: Timestamp?

  /// The question of the application that Tally replaces: a song's plays per day.
  public static let defaultGroupBy = ["Song", "Date"]
  public static let defaultAggregates = [
    Aggregate(.sum, column: "Number of Plays", as: "Total Number of Plays for Date")
  ]

  public init(
    input: String, output: String, groupBy: [String]? = nil, aggregates: [Aggregate]? = nil,
    csv: CSVDialect = CSVDialect(), onBadRow: BadRowPolicy = .fail, maxBadRows: Int = Limits.standard.badRows,
    memoryBytes: Int = Limits.standard.memoryBytesDefault, priority: Int = 0, startAt: Timestamp? = nil
  ) {
    let isDefault = groupBy == nil && aggregates == nil
    self.input = input
    self.output = output
    self.groupBy = groupBy ?? (isDefault ? JobSpec.defaultGroupBy : [])
    self.aggregates = aggregates ?? (isDefault ? JobSpec.defaultAggregates : [])
    self.csv = csv
    self.onBadRow = onBadRow
    self.maxBadRows = maxBadRows
    self.memoryBytes = memoryBytes
    self.priority = priority
    self.startAt = startAt
  }

  /// The names of the output's columns: the group columns, then the aggregates, in the order asked.
  public var outputColumns: [String] { groupBy + aggregates.map(\.name) }

  /// Checks what needs no file: names that must differ, and ranges.
  ///
  /// - Throws: ``JSONFieldError``.
  public func validate(limits: Limits = .standard) throws {
    for (field, name) in [("input", input), ("output", output)] {
      if let problem = FileName.problem(name) { throw JSONFieldError(field: field, rule: problem) }
    }
    if input == output { throw JSONFieldError(field: "output", rule: "must not be the input") }
    if groupBy.isEmpty && aggregates.isEmpty {
      throw JSONFieldError(field: "groupBy", rule: "and 'aggregates' must not both be empty")
    }
    if outputColumns.count > limits.columns {
      throw JSONFieldError(field: "aggregates", rule: "make more output columns than \(limits.columns) (columns)")
    }
    var seen: Set<String> = []
    for column in groupBy where !seen.insert(column).inserted {
      throw JSONFieldError(field: "groupBy", rule: "names the column '\(column)' twice")
    }
    for aggregate in aggregates where !seen.insert(aggregate.name).inserted {
      throw JSONFieldError(
        field: "aggregates", rule: "make two output columns named '\(aggregate.name)'; give one of them another 'as'")
    }
    if memoryBytes < limits.memoryBytesLeast {
      throw JSONFieldError(
        field: "memoryBytes", rule: "must be at least \(limits.memoryBytesLeast) (memoryBytesLeast), not \(memoryBytes)"
      )
    }
    if maxBadRows < 0 { throw JSONFieldError(field: "maxBadRows", rule: "must not be negative") }
    if !(-100...100).contains(priority) { throw JSONFieldError(field: "priority", rule: "must be from -100 to 100") }
  }
}

extension JobSpec: JSONConvertible {
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "the job")
    try self.init(from: &fields)
    try fields.refuseTheRest()
  }

  /// Takes the job's members from an object that may hold others.
  init(from fields: inout JSONFields) throws {
    let policy: String = try fields.optional("onBadRow") ?? "fail"
    guard let onBadRow = BadRowPolicy(rawValue: policy) else {
      let known = BadRowPolicy.allCases.map(\.rawValue).joined(separator: ", ")
      throw JSONFieldError(field: "onBadRow", rule: "must be one of \(known), not '\(policy)'")
    }
    self.init(
      input: try fields.required("input"), output: try fields.required("output"),
      groupBy: try fields.optional("groupBy"), aggregates: try fields.optional("aggregates"),
      csv: try fields.optional("csv") ?? CSVDialect(), onBadRow: onBadRow,
      maxBadRows: try fields.optional("maxBadRows") ?? Limits.standard.badRows,
      memoryBytes: try fields.optional("memoryBytes") ?? Limits.standard.memoryBytesDefault,
      priority: try fields.optional("priority") ?? 0, startAt: try fields.optional("startAt"))
  }

  /// The job with every default filled in: equal jobs have equal text.
  public var json: JSONValue {
    var members = [
      JSONMember("input", .string(input)), JSONMember("output", .string(output)), JSONMember("groupBy", groupBy.json),
      JSONMember("aggregates", aggregates.json), JSONMember("csv", csv.json),
      JSONMember("onBadRow", .string(onBadRow.rawValue)), JSONMember("maxBadRows", .number(maxBadRows)),
      JSONMember("memoryBytes", .number(memoryBytes)), JSONMember("priority", .number(priority)),
    ]
    if let startAt { members.append(JSONMember("startAt", startAt.json)) }
    return .object(members)
  }
}

/// The rule for names of inputs and outputs: relative, forward slashes, nothing that leaves the folder or is ours.
public enum FileName {
  /// The folder beside the data that is the server's own.
  public static let reservedFolder = ".tally"

  /// The name's parts between its slashes.
  public static func parts(_ name: String) -> [String] {
    name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { String(Substring($0)) }
  }

  /// What is wrong with the name, as the end of a sentence; nil when nothing is.
  public static func problem(_ name: String) -> String? {
    if name.isEmpty { return "must not be empty" }
    if name.utf8.count > 1_024 { return "must not be longer than 1024 bytes" }
    if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "must not hold control characters" }
    // By bytes, as the system reads names: for Swift, a slash with a combining mark after it is no slash.
    if name.utf8.first == UInt8(ascii: "/") { return "must be relative to the data folder, not start with '/'" }
    let parts = FileName.parts(name)
    if parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
      return "must not hold '.', '..' or empty parts"
    }
    if parts.contains(where: { $0.utf8.count > 255 }) { return "must not hold a part longer than 255 bytes" }
    if parts[0] == reservedFolder { return "must not be in '\(reservedFolder)', which is the server's own" }
    return nil
  }
}
