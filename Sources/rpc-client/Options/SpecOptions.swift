#if Server
  import ArgumentParser
  import TallySchema

  /// The job that a command line asks for. Without columns and aggregates it is the server's default question.
  struct SpecOptions: ParsableArguments {
    @Argument(
      help: """
        The CSV file: a name in the server's data folder, or a pattern such as 'plays/*.csv'; a file of this machine, which is \
        uploaded for the job, where it begins with ./, ../ or /; - is standard input; upload:ID is what was uploaded before.
        """,
      completion: Completions.inputs)
    var input: String
    @Option(help: ArgumentHelp("Another file of the same columns; may be given several times.", valueName: "input"))
    var also: [String] = []
    @Option(
      name: [.customShort("o", allowingJoined: true), .long],
      help: """
        The answer's name in the server's data folder; with run, - for standard output. Without it, the server keeps the \
        answer for a while (an hour, unless it is set otherwise), for rpc-client result.
        """)
    var output: String?
    @Option(
      help: ArgumentHelp(
        """
        Columns to group by; may be given several times. A name with a comma, =, : or quote in it is written in double \
        quotes, as in CSV, or with a backslash before that; \"\" is the empty name.
        """, valueName: "A,B"))
    var groupBy: [String] = []
    @OptionGroup(title: "What is computed of each group") var aggregates: AggregateOptions
    @Option(help: ArgumentHelp("Only these rows, as docs/protocol.md has conditions.", valueName: "JSON"))
    var `where`: String?
    @Option(help: ArgumentHelp("Order by an output column; may be given several times.", valueName: "COL[:desc]"))
    var orderBy: [String] = []
    @Option(parsing: .unconditional, help: "Records of the output, at most.") var limit: Int?
    @OptionGroup(title: "How the file is written") var dialect: DialectOptions
    @Option(help: "How the answer is written: csv, or ndjson (a JSON object on each line).") var format: String?
    @Option(help: "What bad rows do: fail, skip, or collect (in OUTPUT.rejects.csv).") var onBadRow: String?
    @Option(parsing: .unconditional, help: "Lines that bad rows may take, before the job fails.") var maxBadRows: Int?
    @Option(help: ArgumentHelp("Memory for the job, such as 256MiB.", valueName: "size")) var memory: String?
    @Option(parsing: .unconditional, help: "-100 to 100; a step counts as a minute of waiting.") var priority: Int?
    @Option(help: ArgumentHelp("Not before this time (RFC 3339).", valueName: "time")) var startAt: String?
    @Option(help: ArgumentHelp("Makes a repeated submission harmless (default: a new one).", valueName: "key"))
    var key: String?

    /// The parameters of `submitJob`.
    ///
    /// - Parameters:
    ///   - inputs: as the server is to know them.
    ///   - output: the answer's name on the server; nil: it has none.
    ///   - key: makes a repeated submission harmless.
    /// - Throws: `ValidationError`, which names the option.
    func parameters(inputs: [String], output: String?, key: String) throws -> SubmitParameters {
      var members: [JSONMember] = [
        JSONMember("input", inputs.count == 1 ? .string(inputs[0]) : inputs.json)
      ]
      if self.inputs.filter({ $0 == "-" }).count > 1 { throw ValidationError("Standard input can be read once.") }
      let local = self.inputs.filter(LocalInputs.isLocal)
      // Each upload is another input: the server can't see that they are the same.
      if let twice = local.first(where: { name in local.filter { $0.hasSameBytes(as: name) }.count > 1 }) {
        throw ValidationError("INPUT and --also name '\(twice)' twice.")
      }
      if self.key != nil, !local.isEmpty {
        throw ValidationError(
          "--key finds a job with the same inputs again, and each upload is another one: upload the file first, and name it."
        )
      }
      if let output { members.append(JSONMember("output", .string(output))) }
      let columns = try groupBy.flatMap { try ColumnText.parts($0, by: ",") }
      let aggregates = try aggregates.ordered()
      if !columns.isEmpty || !aggregates.isEmpty {
        members.append(JSONMember("groupBy", columns.json))
        members.append(JSONMember("aggregates", .array(aggregates.map(\.json))))
      }
      let csv = dialect.members
      if let format { members.append(JSONMember("format", .string(format))) }
      if !csv.isEmpty { members.append(JSONMember("csv", .object(csv))) }
      if let text = self.where {
        guard let condition = try? JSONValue(parsing: text) else {
          throw ValidationError(
            "--where takes a JSON object, such as {\"column\":\"Date\",\"op\":\"prefix\",\"value\":\"2020\"}.")
        }
        members.append(JSONMember("where", condition))
      }
      if !orderBy.isEmpty {
        members.append(JSONMember("orderBy", .array(try orderBy.map { try SpecOptions.order($0) })))
      }
      if let limit { members.append(JSONMember("limit", .number(limit))) }
      if let onBadRow { members.append(JSONMember("onBadRow", .string(onBadRow))) }
      if let maxBadRows { members.append(JSONMember("maxBadRows", .number(maxBadRows))) }
      if let memory {
        guard let bytes = ByteCount.parse(memory) else {
          throw ValidationError("--memory takes a size such as 256MiB, not '\(memory)'.")
        }
        let least = Limits.standard.memoryBytesLeast
        guard bytes >= least else {
          throw ValidationError("--memory must be at least \(least >> 20)MiB, not \(memory).")
        }
        members.append(JSONMember("memoryBytes", .number(bytes)))
      }
      if let priority { members.append(JSONMember("priority", .number(priority))) }
      if let startAt { members.append(JSONMember("startAt", .string(startAt))) }
      members.append(JSONMember("idempotencyKey", .string(key)))
      do {
        return try SubmitParameters(json: .object(members), limits: .ofAnyServer)
      } catch let error as JSONFieldError {
        throw ValidationError(OptionNames.sentence(error))
      }
    }

    /// As the command line names them.
    var inputs: [String] { [input] + also }

    /// The key under which a submission can be sent again: the given one, or a new one.
    func idempotencyKey() -> String { key ?? SpecOptions.newKey() }

    /// 120 random bits.
    static func newKey() -> String {
      String(
        (0..<20).compactMap { _ in "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ".randomElement() })
    }

    /// `COL`, `COL:asc` or `COL:desc`; the column as ``ColumnText`` reads it.
    private static func order(_ text: String) throws -> JSONValue {
      var (name, descending) = (text, false)
      for (suffix, isDescending) in [(":desc", true), (":asc", false)] where text.hasSuffix(suffix) {
        let rest = String(text.dropLast(suffix.count))
        // A colon behind a backslash is the column's.
        if rest.hasSuffix("\\") { continue }
        (name, descending) = (rest, isDescending)
      }
      return OrderTerm(column: try ColumnText.name(name), descending: descending).json
    }
  }
#endif
