#if Server
  import ArgumentParser
  import Schema

  /// How a CSV file is written, where it isn't as RFC 4180 has it.
  struct DialectOptions: ParsableArguments {
    @Option(help: "The byte between fields (default: ,).") var delimiter: String?
    @Option(help: "The byte around quoted fields (default: \"); empty: nothing is quoted.") var quote: String?
    @Option(help: "In a quoted field, the byte before a literal one.") var escape: String?
    @Flag(help: "The first record has no names: columns are called 1, 2, 3, ….") var noHeader = false
    @Option(name: .customLong("null"), help: "A text that stands for no value; may be given several times.")
    var nulls: [String] = []
    @Option(help: "utf-8, utf-16, utf-16le, utf-16be or latin-1.") var encoding: String?
    @Option(help: "Lines that begin with this byte are left out.") var comment: String?
    @Option(help: "Lines before the header that are left out.") var skipLines: Int?
    @Flag(help: "Spaces and tabs around unquoted values are left out.") var trim = false
    @Option(help: "The byte before a number's places (default: .).") var decimalMark: String?
    @Option(help: "The byte between groups of three digits.") var thousandsMark: String?

    /// The members of `csv` that were given.
    var members: [JSONMember] {
      var members: [JSONMember] = []
      let texts = [
        ("delimiter", delimiter == "\\t" ? "\t" : delimiter), ("quote", quote), ("escape", escape),
        ("encoding", encoding), ("comment", comment), ("decimalMark", decimalMark), ("thousandsMark", thousandsMark),
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
