/// How far a job is.
public struct JobProgress: Hashable, Sendable {
  /// What a run is at.
  public enum Phase: OpenChoice {
    /// No run has begun.
    case waiting
    /// The inputs are read.
    case reading
    /// The result is written.
    case writing
    /// The result is there, and isn't shown under its name yet.
    case publishing
    /// The run is over.
    case done
    /// A phase that a newer server has named.
    case other(String)

    /// The values that this version knows.
    public static let allCases: [Phase] = [.waiting, .reading, .writing, .publishing, .done]

    /// The value's name on the wire.
    public var rawValue: String {
      switch self {
      case .waiting: "waiting"
      case .reading: "reading"
      case .writing: "writing"
      case .publishing: "publishing"
      case .done: "done"
      case .other(let name): name
      }
    }
  }

  /// What the run is at.
  public var phase: Phase
  /// Bytes of the inputs that have been read.
  public var bytesRead: Int
  /// Nil where the size isn't known.
  public var bytesTotal: Int?
  /// Rows that have been read; in a result, records without the header.
  public var rows: Int
  /// Groups that stand in the output so far.
  public var groups: Int
  /// Bytes written to the spill file.
  public var bytesSpilled: Int
  /// Rows that were left out.
  public var badRows: Int
  /// Lines of those rows: a row whose quoted fields have line ends has several.
  public var badLines: Int
  /// Rows read per second since the run began.
  public var rowsPerSecond: Int
  /// Seconds until the input is read, at this speed; nil where that can't be told.
  public var secondsLeft: Double?

  /// Progress with these properties.
  public init(
    phase: Phase = .waiting, bytesRead: Int = 0, bytesTotal: Int? = nil, rows: Int = 0, groups: Int = 0,
    bytesSpilled: Int = 0, badRows: Int = 0, badLines: Int? = nil, rowsPerSecond: Int = 0,
    secondsLeft: Double? = nil
  ) {
    self.phase = phase
    self.bytesRead = bytesRead
    self.bytesTotal = bytesTotal
    self.rows = rows
    self.groups = groups
    self.bytesSpilled = bytesSpilled
    self.badRows = badRows
    self.badLines = badLines ?? badRows
    self.rowsPerSecond = rowsPerSecond
    self.secondsLeft = secondsLeft
  }
}

extension JobProgress: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "progress")
    self.init(
      phase: try fields.required("phase"), bytesRead: try fields.count("bytesRead"),
      bytesTotal: try fields.optionalCount("bytesTotal"),
      rows: try fields.count("rows"), groups: try fields.count("groups"),
      bytesSpilled: try fields.count("bytesSpilled"), badRows: try fields.count("badRows"),
      badLines: try fields.optionalCount("badLines"),
      rowsPerSecond: try fields.count("rowsPerSecond"),
      secondsLeft: fields.value("secondsLeft")?.double.flatMap { $0.isFinite ? max(0, $0) : nil })
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [
      JSONMember("phase", .string(phase.rawValue)), JSONMember("bytesRead", .number(bytesRead)),
    ]
    if let bytesTotal { members.append(JSONMember("bytesTotal", .number(bytesTotal))) }
    members += [
      JSONMember("rows", .number(rows)), JSONMember("groups", .number(groups)),
      JSONMember("bytesSpilled", .number(bytesSpilled)), JSONMember("badRows", .number(badRows)),
    ]
    if badLines != badRows { members.append(JSONMember("badLines", .number(badLines))) }
    members.append(JSONMember("rowsPerSecond", .number(rowsPerSecond)))
    if let secondsLeft { members.append(JSONMember("secondsLeft", .double((secondsLeft * 10).rounded() / 10))) }
    return .object(members)
  }
}
