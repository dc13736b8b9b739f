#if Server
  import ArgumentParser
  import TallySchema

  /// How a CSV file is written, where it isn't as RFC 4180 has it.
  struct DialectOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "The character between fields (default: ,); \\t: a tab.") var delimiter:
      String?
    @Option(
      parsing: .unconditional, help: "The character around quoted fields (default: \"); empty: no field is quoted.")
    var quote: String?
    @Option(parsing: .unconditional, help: "In a quoted field, the character before one that is taken as it is.")
    var escape: String?
    @Flag(help: "The first record has no names: columns are called 1, 2, 3, ….") var noHeader = false
    @Option(
      name: .customLong("null"), parsing: .unconditionalSingleValue,
      help: "A text that stands for no value; may be given several times.")
    var nulls: [String] = []
    @Option(help: "utf-8, utf-16, utf-16le, utf-16be or latin-1.") var encoding: String?
    @Option(parsing: .unconditional, help: "Lines that begin with this character are left out.") var comment: String?
    @Option(parsing: .unconditional, help: "Lines before the header that are left out.") var skipLines: Int?
    @Flag(help: "Spaces and tabs around unquoted values are left out.") var trim = false
    @Option(parsing: .unconditional, help: "The decimal mark of numbers (default: .).") var decimalMark: String?
    @Option(parsing: .unconditional, help: "The mark between groups of three digits.") var thousandsMark: String?
    @Option(help: "How lines end: auto, lf (also CR LF) or cr.") var lineEnd: String?

    /// The members of `csv` that were given.
    var members: [JSONMember] {
      var members: [JSONMember] = []
      let texts = [
        ("delimiter", delimiter == "\\t" ? "\t" : delimiter), ("quote", quote), ("escape", escape),
        ("encoding", encoding), ("comment", comment), ("decimalMark", decimalMark),
        ("thousandsMark", thousandsMark),
        ("lineEnd", lineEnd),
      ]
      for (name, text) in texts { if let text { members.append(JSONMember(name, .string(text))) } }
      if noHeader { members.append(JSONMember("header", .bool(false))) }
      if trim { members.append(JSONMember("trim", .bool(true))) }
      if let skipLines { members.append(JSONMember("skipLines", .number(skipLines))) }
      if !nulls.isEmpty { members.append(JSONMember("null", nulls.json)) }
      return members
    }
  }
#endif
