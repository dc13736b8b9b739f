/// What a job is to do: this CSV file, these columns to group by, these to aggregate, the answer there.
public struct JobSpec: Hashable, Sendable {
  /// What a bad row does to the job.
  public enum BadRowPolicy: String, CaseIterable, Sendable {
    /// The first bad row ends the job.
    case fail
    /// Bad rows are counted and left out.
    case skip
    /// Bad rows are left out and written to a file beside the output, `OUTPUT.rejects.csv`.
    case collect
  }

  /// How the output is written.
  public enum Format: String, CaseIterable, Sendable {
    /// CSV in the dialect of ``JobSpec/csv``.
    case csv
    /// A JSON object on each line.
    case ndjson
  }

  /// Names under the server's data folder, of files with equal headers, or uploads (``InputReference``). A name with `*`, `?` or `[` in it is a pattern,
  /// and stands for what it matches, in order.
  public var inputs: [String]
  /// A name under the server's data folder, of a file that need not exist. Nil: the result is shown under no name; it is
  /// downloaded, and kept for ``Limits/unnamedMilliseconds`` only.
  public var output: String?
  /// The columns to group by, by their exact names in the header.
  public var groupBy: [String]
  /// What is computed for each group, in the order of the output's columns.
  public var aggregates: [Aggregate]
  /// The rows that are looked at; nil: all.
  public var filter: RowFilter?
  /// The order of the output; what it leaves open is in the order of the group columns.
  public var orderBy: [OrderTerm]
  /// Records of the output at most, the first ones; nil: all.
  public var limit: Int?
  /// How the input is written.
  public var csv: CSVDialect
  /// How the output is written.
  public var format: Format
  /// What a bad row does to the job.
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
  /// What is computed where a job asks neither for groups nor for aggregates.
  public static let defaultAggregates = [
    Aggregate(.sum, column: "Number of Plays", as: "Total Number of Plays for Date")
  ]

  /// A job with one input. Without `groupBy` and `aggregates` it asks the default question.
  public init(
    input: String, output: String? = nil, groupBy: [String]? = nil, aggregates: [Aggregate]? = nil,
    filter: RowFilter? = nil, orderBy: [OrderTerm] = [], limit: Int? = nil, csv: CSVDialect = CSVDialect(),
    format: Format = .csv, onBadRow: BadRowPolicy = .fail, maxBadRows: Int = Limits.standard.badRows,
    memoryBytes: Int = Limits.standard.memoryBytesDefault, priority: Int = 0, startAt: Timestamp? = nil
  ) {
    let isDefault = groupBy == nil && aggregates == nil
    inputs = [input]
    self.output = output
    self.groupBy = groupBy ?? (isDefault ? JobSpec.defaultGroupBy : [])
    self.aggregates = aggregates ?? (isDefault ? JobSpec.defaultAggregates : [])
    self.filter = filter
    self.orderBy = orderBy
    self.limit = limit
    self.csv = csv
    self.format = format
    self.onBadRow = onBadRow
    self.maxBadRows = maxBadRows
    self.memoryBytes = memoryBytes
    self.priority = priority
    self.startAt = startAt
  }

  /// The input as it is shown to people: the names, or, where they are many, the first of them and how many there are.
  public var input: String {
    let joined = inputs.joined(separator: ", ")
    guard inputs.count > 1, joined.utf8.count > JobSpec.shownBytesMost else { return joined }
    var (shown, bytes) = ([String](), 0)
    for name in inputs {
      bytes += name.utf8.count + 2
      if !shown.isEmpty, bytes > JobSpec.shownBytesMost { break }
      shown.append(name)
    }
    return shown.joined(separator: ", ") + " and \(inputs.count - shown.count) more"
  }

  /// Bytes of the inputs' names in a status, which lists and events repeat.
  private static let shownBytesMost = 1_024

  /// The name of the file that `onBadRow: "collect"` writes beside the output.
  public static func rejectsName(of output: String) -> String { output + ".rejects.csv" }

  /// The name of the file of rejected rows; nil when they aren't collected.
  public var rejectsName: String? { onBadRow == .collect ? output.map(JobSpec.rejectsName) : nil }

  /// The names that the job writes.
  public var outputs: [String] { [output, rejectsName].compactMap { $0 } }

  /// The names of the output's columns: the group columns, then the aggregates, in the order asked.
  public var outputColumns: [String] { groupBy + aggregates.map(\.name) }
}

extension JobSpec {
  /// `orderBy` without the terms at its end that change nothing: the group columns in their order are what breaks ties
  /// anyway, and behind all of them no tie is left.
  var canonicalOrder: [OrderTerm] {
    let places = Dictionary(groupBy.enumerated().map { (UTF8Key($1), $0) }) { first, _ in first }
    // The terms up to where no two groups can be equal, then the group columns that they leave open.
    var left = Set(places.keys)
    var whole: [OrderTerm] = []
    for term in orderBy where !left.isEmpty {
      whole.append(term)
      left.remove(UTF8Key(term.column))
    }
    whole += groupBy.filter { left.contains(UTF8Key($0)) }.map { OrderTerm(column: $0) }
    // The end of it that is what ties are broken by.
    var (kept, next) = (whole.count, groupBy.count)
    while kept > 0, !whole[kept - 1].descending, let place = places[UTF8Key(whole[kept - 1].column)], place < next {
      (kept, next) = (kept - 1, place)
    }
    return Array(orderBy.prefix(kept))
  }
}

extension JobSpec: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "the job")
    // A job's own text has every default filled in.
    try self.init(from: &fields, limits: .standard)
    try fields.refuseTheRest()
  }

  /// Takes the job's members from an object that may hold others.
  ///
  /// - Parameter limits: where defaults come from.
  init(from fields: inout JSONFields, limits: Limits) throws {
    var (onBadRow, format) = (BadRowPolicy.fail, Format.csv)
    if let text: String = try fields.optional("onBadRow") { onBadRow = try JSONChoice.read("onBadRow", text) }
    if let text: String = try fields.optional("format") { format = try JSONChoice.read("format", text) }
    let inputs: [String]
    if case .array = fields.value("input") {
      inputs = try fields.required("input")
    } else {
      inputs = [try fields.required("input")]
    }
    self.init(
      input: "", output: try fields.optional("output"),
      groupBy: try fields.optional("groupBy"), aggregates: try fields.optional("aggregates"),
      filter: try fields.optional("where"), orderBy: try fields.optional("orderBy") ?? [],
      limit: try fields.optional("limit"),
      csv: try fields.optional("csv") ?? CSVDialect(),
      format: format, onBadRow: onBadRow,
      maxBadRows: try fields.optional("maxBadRows") ?? limits.badRows,
      memoryBytes: try fields.optional("memoryBytes") ?? limits.memoryBytesDefault,
      priority: try fields.optional("priority") ?? 0, startAt: try fields.optional("startAt"))
    self.inputs = inputs
  }

  /// The job with every default filled in: equal jobs have equal text.
  public var json: JSONValue {
    var members: [JSONMember] = []
    members.reserveCapacity(14)
    members.append(JSONMember("input", inputs.count == 1 ? .string(inputs[0]) : inputs.json))
    if let output { members.append(JSONMember("output", .string(output))) }
    members.append(JSONMember("groupBy", groupBy.json))
    members.append(JSONMember("aggregates", aggregates.json))
    members.append(JSONMember("csv", csv.json))
    members.append(JSONMember("onBadRow", .string(onBadRow.rawValue)))
    members.append(JSONMember("maxBadRows", .number(maxBadRows)))
    members.append(JSONMember("memoryBytes", .number(memoryBytes)))
    members.append(JSONMember("priority", .number(priority)))
    if format != .csv { members.append(JSONMember("format", .string(format.rawValue))) }
    if let filter { members.append(JSONMember("where", filter.json)) }
    let order = canonicalOrder
    if !order.isEmpty { members.append(JSONMember("orderBy", order.json)) }
    if let limit { members.append(JSONMember("limit", .number(limit))) }
    if let startAt { members.append(JSONMember("startAt", startAt.json)) }
    return .object(members)
  }
}
