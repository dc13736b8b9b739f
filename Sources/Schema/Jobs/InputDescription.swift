/// The parameters of `describeInput`.
public struct DescribeParameters: RPCParameters, Hashable {
  /// What the method takes, in the order of its description.
  public static let parameters = [
    RPCParameter("input", "A name below the data folder, or `upload:ID`.", JSONSchema.string, required: true),
    RPCParameter(
      "csv", "How the file is written, as for submitJob. Without it, that is looked for.", ["type": "object"]),
  ]
  /// The input's name.
  public var input: String
  /// Nil: looked for in the file.
  public var csv: CSVDialect?

  /// A question about this input.
  public init(input: String, csv: CSVDialect? = nil) {
    self.input = input
    self.csv = csv
  }

  /// Reads the parameters from their JSON form.
  ///
  /// - Parameter limits: the server's.
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue, limits: Limits) throws {
    var fields = try JSONFields(json, of: "params")
    input = try fields.required("input")
    csv = try fields.optional("csv")
    try fields.refuseTheRest()
    if let problem = InputReference.problem(input) { throw JSONFieldError(field: "input", rule: problem) }
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [JSONMember("input", .string(input))]
    if let csv { members.append(JSONMember("csv", csv.json)) }
    return .object(members)
  }
}

/// What a file looks like, from its beginning and places inside it. A job never guesses: whoever submits one says what of
/// this holds.
public struct InputDescription: RPCValue, Hashable {
  /// A column of the file.
  public struct Column: JSONConvertible, Hashable {
    /// What the column's values look like.
    public enum Kind: OpenChoice {
      /// Exact decimal numbers.
      case number
      /// IEEE numbers.
      case double
      /// Texts.
      case text
      /// No row that was looked at has a value.
      case empty
      /// A type that a newer server has named.
      case other(String)

      /// The values that this version knows.
      public static let allCases: [Kind] = [.number, .double, .text, .empty]

      /// The value's name on the wire.
      public var rawValue: String {
        switch self {
        case .number: "number"
        case .double: "double"
        case .text: "text"
        case .empty: "empty"
        case .other(let name): name
        }
      }
    }

    /// The name in the header.
    public var name: String
    /// What its values look like.
    public var type: Kind
    /// Of the rows that were looked at, those whose field is empty.
    public var empty: Int

    /// A column with these properties.
    public init(name: String, type: Kind, empty: Int) {
      self.name = name
      self.type = type
      self.empty = empty
    }

    /// Reads the value from its JSON form.
    ///
    /// - Throws: ``JSONFieldError``, which names the field and the rule.
    public init(json: JSONValue) throws {
      var fields = try JSONFields(json, of: "a column")
      self.init(
        name: try fields.required("name"), type: try fields.required("type"),
        empty: try fields.count("empty"))
    }

    /// The JSON form.
    public var json: JSONValue {
      ["name": .string(name), "type": .string(type.rawValue), "empty": .number(empty)]
    }
  }

  /// The input's name.
  public var input: String
  /// Of the file.
  public var bytes: Int
  /// "none", "gzip" or "zstd".
  public var compression: String
  /// The dialect that was found.
  public var csv: CSVDialect
  /// From 0, a guess, to 1: every record that was looked at fits.
  public var confidence: Double
  /// The columns, in their order.
  public var columns: [Column]
  /// The first records after the header.
  public var firstRows: [[String]]
  /// Rows that were looked at.
  public var rowsSeen: Int

  /// A description with these properties.
  public init(
    input: String, bytes: Int, compression: String, csv: CSVDialect, confidence: Double, columns: [Column],
    firstRows: [[String]], rowsSeen: Int
  ) {
    self.input = input
    self.bytes = bytes
    self.compression = compression
    self.csv = csv
    self.confidence = confidence
    self.columns = columns
    self.firstRows = firstRows
    self.rowsSeen = rowsSeen
  }

  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "a description")
    self.init(
      input: try fields.required("input"), bytes: try fields.count("bytes"),
      compression: try fields.required("compression"), csv: try fields.required("csv"),
      confidence: InputDescription.share(fields.value("confidence")?.double), columns: try fields.required("columns"),
      firstRows: try fields.required("firstRows"), rowsSeen: try fields.count("rowsSeen"))
  }

  /// The JSON form.
  public var json: JSONValue {
    [
      "input": .string(input), "bytes": .number(bytes), "compression": .string(compression), "csv": csv.json,
      "confidence": .number(InputDescription.text(confidence)), "columns": columns.json, "firstRows": firstRows.json,
      "rowsSeen": .number(rowsSeen),
    ]
  }

  /// Between 0 and 1, whatever somebody has sent.
  private static func share(_ value: Double?) -> Double {
    value.map { $0.isNaN ? 0 : min(max($0, 0), 1) } ?? 0
  }

  /// Two places are all that a guess has.
  private static func text(_ confidence: Double) -> String {
    let hundredths = Int((share(confidence) * 100).rounded())
    return hundredths >= 100 ? "1" : hundredths < 10 ? "0.0\(hundredths)" : "0.\(hundredths)"
  }

  /// The JSON Schema of the JSON form.
  public static var jsonSchema: JSONValue {
    let column = JSONSchema.object(
      [
        ("name", JSONSchema.string), ("type", Column.Kind.jsonSchema),
        ("empty", JSONSchema.integer()),
      ], required: ["name", "type", "empty"])
    return JSONSchema.object(
      [
        ("input", JSONSchema.string), ("bytes", JSONSchema.integer()),
        ("compression", JSONSchema.choice(["none", "gzip", "zstd"])), ("csv", ["type": "object"]),
        ("confidence", JSONSchema.number), ("columns", JSONSchema.list(of: column)),
        ("firstRows", JSONSchema.list(of: JSONSchema.list(of: JSONSchema.string))), ("rowsSeen", JSONSchema.integer()),
      ],
      required: ["input", "bytes", "compression", "csv", "confidence", "columns", "firstRows", "rowsSeen"])
  }
}
