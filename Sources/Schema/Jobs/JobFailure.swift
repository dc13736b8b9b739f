/// Why a job failed, or couldn't be published: what was wrong, where, the rule, and what to do.
public struct JobFailure: Error, Hashable, Sendable {
  /// The kind of error.
  public var status: RPCStatus
  /// The error's name, in capitals with underscores.
  public var reason: String
  /// What was wrong, where, the rule, and what to do, for people.
  public var message: String
  /// The file that the error is about.
  public var file: String?
  /// From 1.
  public var line: Int?
  /// From 1, in bytes.
  public var column: Int?
  /// The attempt that ended so, from 1.
  public var attempt: Int?

  /// A failure with these properties.
  public init(
    _ status: RPCStatus, reason: String, _ message: String, file: String? = nil, line: Int? = nil, column: Int? = nil,
    attempt: Int? = nil
  ) {
    self.status = status
    self.reason = reason
    self.message = Excerpt.of(message, bytesMost: Excerpt.messageBytesMost)
    self.file = file
    self.line = line
    self.column = column
    self.attempt = attempt
  }
}

extension JobFailure: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "error")
    self.init(
      RPCStatus(name: try fields.required("status")) ?? .unknown, reason: try fields.required("reason"),
      try fields.required("message"), file: try fields.optional("file"), line: try fields.optional("line"),
      column: try fields.optional("column"), attempt: try fields.optional("attempt"))
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [
      JSONMember("status", .string(status.name)), JSONMember("reason", .string(reason)),
      JSONMember("message", .string(message)),
    ]
    if let file { members.append(JSONMember("file", .string(file))) }
    if let line { members.append(JSONMember("line", .number(line))) }
    if let column { members.append(JSONMember("column", .number(column))) }
    if let attempt { members.append(JSONMember("attempt", .number(attempt))) }
    return .object(members)
  }
}

extension JobFailure {
  /// The process has no file descriptor left: a passing want of the machine's, which is no fault of the job's.
  public static func noDescriptors(file: String? = nil) -> JobFailure {
    JobFailure(
      .unavailable, reason: "NO_DESCRIPTORS",
      "\(file.map { $0 + ": " } ?? "")The server has no file descriptor left, and tries again. Raise its limit of open files "
        + "(ulimit -n).", file: file)
  }
}
