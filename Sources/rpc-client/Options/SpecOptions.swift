#if Server
  import ArgumentParser
  import Schema

  /// The job that a command line asks for. Without columns and aggregates it is the server's default question.
  struct SpecOptions: ParsableArguments {
    @Argument(
      help: "The CSV file, a name in the server's data folder, or a pattern such as 'plays/*.csv'.",
      completion: Completions.inputs)
    var input: String
    @Option(help: ArgumentHelp("Another file of the same columns; may be given several times.", valueName: "input"))
    var also: [String] = []
    @Option(name: [.customShort("o"), .long], help: "The answer's name in the server's data folder.") var output: String
    @Option(help: ArgumentHelp("Columns to group by; may be given several times.", valueName: "A,B"))
    var groupBy: [String] = []
    @Option(help: ArgumentHelp("Sum of a column.", valueName: "COL[=NAME]")) var sum: [String] = []
    @Option(help: ArgumentHelp("Number of rows, as this column.", valueName: "NAME")) var count: [String] = []
    @Option(help: ArgumentHelp("Number of a column's values that aren't null.", valueName: "COL[=NAME]"))
    var countOf: [String] = []
    @Option(help: ArgumentHelp("Least number of a column.", valueName: "COL[=NAME]")) var min: [String] = []
    @Option(help: ArgumentHelp("Greatest number of a column.", valueName: "COL[=NAME]")) var max: [String] = []
    @Option(help: ArgumentHelp("Mean of a column.", valueName: "COL[=NAME]")) var avg: [String] = []
    @Option(help: ArgumentHelp("Number of a column's different values.", valueName: "COL[=NAME]"))
    var countDistinct: [String] = []
    @Option(help: ArgumentHelp("First value of a column, in the file's order.", valueName: "COL[=NAME]"))
    var first: [String] = []
    @Option(help: ArgumentHelp("Last value of a column.", valueName: "COL[=NAME]")) var last: [String] = []
    @Option(help: ArgumentHelp("Least text of a column, by its bytes.", valueName: "COL[=NAME]"))
    var minText: [String] = []
    @Option(help: ArgumentHelp("Greatest text of a column.", valueName: "COL[=NAME]")) var maxText: [String] = []
    @Option(help: ArgumentHelp("Sum of a column of IEEE numbers.", valueName: "COL[=NAME]"))
    var sumDouble: [String] = []
    @Option(help: ArgumentHelp("Mean of a column of IEEE numbers.", valueName: "COL[=NAME]"))
    var avgDouble: [String] = []
    @Option(help: ArgumentHelp("Only these rows, as docs/protocol.md has conditions.", valueName: "JSON"))
    var `where`: String?
    @Option(help: ArgumentHelp("Order by an output column; may be given several times.", valueName: "COL[:desc]"))
    var orderBy: [String] = []
    @Option(help: "Records of the output, at most.") var limit: Int?
    @OptionGroup(title: "How the file is written") var dialect: DialectOptions
    @Option(help: "What bad rows do: fail, skip, or collect (in OUTPUT.rejects.csv).") var onBadRow: String?
    @Option(help: "Bad rows that may be skipped.") var maxBadRows: Int?
    @Option(help: ArgumentHelp("Memory for the job, such as 256MiB.", valueName: "size")) var memory: String?
    @Option(help: "-100 to 100; a step counts as a minute of waiting.") var priority: Int?
    @Option(help: ArgumentHelp("Not before this time (RFC 3339).", valueName: "time")) var startAt: String?
    @Option(help: ArgumentHelp("Makes a repeated submission harmless (default: a new one).", valueName: "key"))
    var key: String?

    /// The parameters of `submitJob`, with an idempotency key in any case.
    ///
    /// - Throws: `ValidationError`, which names the option.
    func parameters() throws -> SubmitParameters {
      var members: [JSONMember] = [
        JSONMember("input", also.isEmpty ? .string(input) : ([input] + also).json),
        JSONMember("output", .string(output)),
      ]
      let columns = groupBy.flatMap { $0.split(separator: ",").map(String.init) }
      let aggregates = try orderedAggregates()
      if !columns.isEmpty || !aggregates.isEmpty {
        members.append(JSONMember("groupBy", columns.json))
        members.append(JSONMember("aggregates", .array(aggregates.map(\.json))))
      }
      let csv = dialect.members
      if !csv.isEmpty { members.append(JSONMember("csv", .object(csv))) }
      if let text = self.where {
        guard let condition = try? JSONValue(parsing: text) else {
          throw ValidationError(
            "--where takes a JSON object, such as {\"column\":\"Date\",\"op\":\"prefix\",\"value\":\"2020\"}.")
        }
        members.append(JSONMember("where", condition))
      }
      if !orderBy.isEmpty { members.append(JSONMember("orderBy", .array(orderBy.map(SpecOptions.order)))) }
      if let limit { members.append(JSONMember("limit", .number(limit))) }
      if let onBadRow { members.append(JSONMember("onBadRow", .string(onBadRow))) }
      if let maxBadRows { members.append(JSONMember("maxBadRows", .number(maxBadRows))) }
      if let memory {
        guard let bytes = ByteCount.parse(memory) else {
          throw ValidationError("--memory takes a size such as 256MiB, not '\(memory)'.")
        }
        members.append(JSONMember("memoryBytes", .number(bytes)))
      }
      if let priority { members.append(JSONMember("priority", .number(priority))) }
      if let startAt { members.append(JSONMember("startAt", .string(startAt))) }
      members.append(JSONMember("idempotencyKey", .string(key ?? SpecOptions.newKey())))
      do {
        return try SubmitParameters(json: .object(members))
      } catch {
        throw ValidationError("The job can't be asked for like this: \(error).")
      }
    }

    /// 120 random bits.
    private static func newKey() -> String {
      String(
        (0..<20).compactMap { _ in "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ".randomElement() })
    }

    /// The aggregates in the order of the command line, which is the order of the output's columns.
    private func orderedAggregates() throws -> [Aggregate] {
      var left: [String: ArraySlice<Aggregate>] = [
        "--sum": try named(sum, .sum)[...], "--min": try named(min, .min)[...], "--max": try named(max, .max)[...],
        "--avg": try named(avg, .avg)[...], "--count-of": try named(countOf, .count)[...],
        "--count-distinct": try named(countDistinct, .countDistinct)[...], "--first": try named(first, .first)[...],
        "--last": try named(last, .last)[...], "--min-text": try named(minText, .min, .text)[...],
        "--max-text": try named(maxText, .max, .text)[...], "--sum-double": try named(sumDouble, .sum, .double)[...],
        "--avg-double": try named(avgDouble, .avg, .double)[...],
        "--count": count.map { Aggregate(.count, column: nil, as: $0) }[...],
      ]
      var ordered: [Aggregate] = []
      for argument in CommandLine.arguments {
        let option = String(argument.prefix { $0 != "=" })
        if let next = left[option]?.popFirst() { ordered.append(next) }
      }
      // Whatever the words of the command line didn't show, such as options behind a response file.
      return ordered + left.keys.sorted().flatMap { left[$0] ?? [] }
    }

    /// `COL`, `COL:asc` or `COL:desc`.
    private static func order(_ text: String) -> JSONValue {
      for (suffix, descending) in [(":desc", true), (":asc", false)] where text.hasSuffix(suffix) {
        return OrderTerm(column: String(text.dropLast(suffix.count)), descending: descending).json
      }
      return OrderTerm(column: text).json
    }

    private func named(
      _ texts: [String], _ function: Aggregate.Function, _ type: Aggregate.ValueType? = nil
    ) throws -> [Aggregate] {
      try texts.map { text in
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts[0].isEmpty { throw ValidationError("--\(function.rawValue) needs a column, as in COL or COL=NAME.") }
        return Aggregate(function, column: parts[0], as: parts.count > 1 ? parts[1] : nil, type: type)
      }
    }
  }
#endif
