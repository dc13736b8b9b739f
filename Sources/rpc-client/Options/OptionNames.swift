#if Server
  import TallySchema

  /// The command line's names of what the API calls otherwise, for errors.
  enum OptionNames {
    private static let options: [String: String] = [
      "input": "INPUT", "output": "--output", "groupBy": "--group-by", "where": "--where", "orderBy": "--order-by",
      "limit": "--limit", "format": "--format", "onBadRow": "--on-bad-row", "maxBadRows": "--max-bad-rows",
      "memoryBytes": "--memory",
      "priority": "--priority", "startAt": "--start-at", "idempotencyKey": "--key",
      "aggregates": "the aggregates (--sum, --count, …)", "csv.delimiter": "--delimiter", "csv.quote": "--quote",
      "csv.escape": "--escape", "csv.header": "--no-header", "csv.null": "--null", "csv.encoding": "--encoding",
      "csv.comment": "--comment", "csv.skipLines": "--skip-lines", "csv.trim": "--trim",
      "csv.decimalMark": "--decimal-mark", "csv.thousandsMark": "--thousands-mark", "csv.lineEnd": "--line-end",
    ]

    /// The option of a field such as `csv.quote` or `aggregates.0.column`; nil where it has none.
    static func option(of field: String) -> String? {
      let parts = field.split { $0 == "." || $0 == "[" }.map(String.init)
      return (1...2).reversed().compactMap { options[parts.prefix($0).joined(separator: ".")] }.first
    }

    /// A field's error as a sentence that names the option.
    static func sentence(_ error: JSONFieldError) -> String {
      "\(option(of: error.field) ?? "The job's '\(error.field)'") \(translated(error.rule))."
    }

    /// The server's refusal of a job, in the option's name.
    static func translated(_ error: RPCError) -> RPCError {
      guard error.status == .invalidArgument, let field = error.field, let option = option(of: field) else {
        return error
      }
      var error = error
      error.message = translated(error.message.replacing("'\(field)'", with: option))
      return error
    }

    /// Fields that a text names in quotes, each by its option.
    private static func translated(_ text: String) -> String {
      options.reduce(text) { $0.replacing("'\($1.key)'", with: $1.value) }
    }
  }
#endif
