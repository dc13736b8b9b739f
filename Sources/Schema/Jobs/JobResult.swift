/// The answer of a job that succeeded.
public struct JobResult: Hashable, Sendable {
  /// The output's name below the data folder; nil: the result is shown under no name.
  public var output: String?
  /// The size of the result.
  public var bytes: Int
  /// Records after the header.
  public var rows: Int
  /// Lower-case hexadecimal.
  public var sha256: String
  /// Where to download it, relative to the server.
  public var url: String
  /// The name of the file of rejected rows, where the job collects them.
  public var rejects: String?

  /// A result with these properties.
  public init(output: String?, bytes: Int, rows: Int, sha256: String, url: String, rejects: String? = nil) {
    self.rejects = rejects
    self.output = output
    self.bytes = bytes
    self.rows = rows
    self.sha256 = sha256
    self.url = url
  }
}

extension JobResult: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "result")
    self.init(
      output: try fields.optional("output"), bytes: try fields.count("bytes"), rows: try fields.count("rows"),
      sha256: try fields.required("sha256"), url: try fields.required("url"),
      rejects: try fields.optional("rejects"))
  }

  /// The JSON form.
  public var json: JSONValue {
    var members: [JSONMember] = []
    if let output { members.append(JSONMember("output", .string(output))) }
    members += [
      JSONMember("bytes", .number(bytes)), JSONMember("rows", .number(rows)), JSONMember("sha256", .string(sha256)),
      JSONMember("url", .string(url)),
    ]
    if let rejects { members.append(JSONMember("rejects", .string(rejects))) }
    return .object(members)
  }
}
