#if Server
  import ArgumentParser
  import TallySchema

  /// The aggregates of a command line. Columns are written as ``ColumnText`` says.
  struct AggregateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Sum of a column.", valueName: "COL[=NAME]")) var sum: [String] = []
    @Option(help: ArgumentHelp("Number of rows, as this column.", valueName: "NAME")) var count: [String] = []
    @Option(help: ArgumentHelp("Number of a column's values that aren't null.", valueName: "COL[=NAME]"))
    var countOf: [String] = []
    @Option(help: ArgumentHelp("Least number of a column.", valueName: "COL[=NAME]")) var min: [String] = []
    @Option(help: ArgumentHelp("Greatest number of a column.", valueName: "COL[=NAME]")) var max: [String] = []
    @Option(help: ArgumentHelp("Mean of a column.", valueName: "COL[=NAME]")) var avg: [String] = []
    @Option(help: ArgumentHelp("Number of a column's different values.", valueName: "COL[=NAME]"))
    var countDistinct: [String] = []
    @Option(help: ArgumentHelp("Number in the middle of a column's numbers.", valueName: "COL[=NAME]"))
    var median: [String] = []
    @Option(help: ArgumentHelp("Variance of a column, of a sample.", valueName: "COL[=NAME]"))
    var variance: [String] = []
    @Option(help: ArgumentHelp("Variance of a column, of a whole population.", valueName: "COL[=NAME]"))
    var variancePop: [String] = []
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
    @Option(help: ArgumentHelp("Least IEEE number of a column.", valueName: "COL[=NAME]")) var minDouble: [String] = []
    @Option(help: ArgumentHelp("Greatest IEEE number of a column.", valueName: "COL[=NAME]"))
    var maxDouble: [String] = []
    @Option(
      help: ArgumentHelp(
        "Number of a column's different values as numbers: 1 and 1.0 are one.", valueName: "COL[=NAME]"))
    var countDistinctNumber: [String] = []

    /// The aggregates in the order of the command line, which is the order of the output's columns.
    func ordered() throws -> [Aggregate] {
      var left: [String: ArraySlice<Aggregate>] = ["--count": count.map { Aggregate(.count, column: nil, as: $0) }[...]]
      let options: [(String, [String], Aggregate.Function, Aggregate.ValueType?)] = [
        ("--sum", sum, .sum, nil), ("--min", min, .min, nil), ("--max", max, .max, nil), ("--avg", avg, .avg, nil),
        ("--count-of", countOf, .count, nil), ("--count-distinct", countDistinct, .countDistinct, nil),
        ("--first", first, .first, nil), ("--last", last, .last, nil), ("--min-text", minText, .min, .text),
        ("--max-text", maxText, .max, .text), ("--sum-double", sumDouble, .sum, .double),
        ("--avg-double", avgDouble, .avg, .double), ("--min-double", minDouble, .min, .double),
        ("--max-double", maxDouble, .max, .double),
        ("--count-distinct-number", countDistinctNumber, .countDistinct, .number), ("--median", median, .median, nil),
        ("--variance", variance, .variance, nil), ("--variance-pop", variancePop, .variancePop, nil),
      ]
      for (option, texts, function, type) in options { left[option] = try named(option, texts, function, type)[...] }
      var ordered: [Aggregate] = []
      for argument in CommandLine.arguments {
        let option = String(argument.prefix { $0 != "=" })
        if let next = left[option]?.popFirst() { ordered.append(next) }
      }
      // Whatever the words of the command line didn't show, such as options behind a response file.
      return ordered + left.keys.sorted().flatMap { left[$0] ?? [] }
    }

    private func named(
      _ option: String, _ texts: [String], _ function: Aggregate.Function, _ type: Aggregate.ValueType?
    ) throws -> [Aggregate] {
      try texts.map { text in
        let parts = try ColumnText.parts(text, by: "=", most: 2)
        // The empty name is written as a pair of quotes.
        if text.isEmpty || text.hasPrefix("=") {
          throw ValidationError("\(option) needs a column, as in COL or COL=NAME.")
        }
        return Aggregate(function, column: parts[0], as: parts.count > 1 ? parts[1] : nil, type: type)
      }
    }
  }
#endif
