#if Server
  import TallySchema

  /// How a file is written, for people: as rows of a table, and as the options that say so.
  enum DialectText {
    private static let titles: [(member: String, title: String, option: String)] = [
      ("delimiter", "Delimiter", "--delimiter"), ("quote", "Quote", "--quote"), ("escape", "Escape", "--escape"),
      ("header", "Header", "--no-header"), ("encoding", "Encoding", "--encoding"),
      ("lineEnd", "Line ends", "--line-end"), ("comment", "Comments begin with", "--comment"),
      ("skipLines", "Lines skipped", "--skip-lines"), ("trim", "Spaces left out", "--trim"),
      ("null", "No value", "--null"), ("decimalMark", "Decimal mark", "--decimal-mark"),
      ("thousandsMark", "Thousands mark", "--thousands-mark"),
    ]

    static func rows(_ dialect: CSVDialect) -> [[String]] {
      titles.compactMap { member, title, _ in
        dialect.json[member].map { [title, shown($0)] }
      }.filter { !$0[1].isEmpty }
    }

    private static func shown(_ value: JSONValue) -> String {
      switch value {
      case .bool(let isSet): isSet ? "yes" : "no"
      case .array(let values): values.map(shown).joined(separator: " ")
      case .string("\t"): "tab"
      case .string(" "): "space"
      case .string(""): "none"
      default: value.string ?? value.text
      }
    }

    /// What differs from the default, as a shell reads it; empty: nothing does.
    static func options(_ dialect: CSVDialect) -> String {
      let (found, standard) = (dialect.json, CSVDialect().json)
      var words: [String] = []
      for (member, _, option) in titles {
        guard let value = found[member], value != standard[member] else { continue }
        switch value {
        case .bool: words.append(option)
        case .array(let values): words += values.flatMap { [option, quoted($0.string ?? $0.text)] }
        // LF is what is taken anyway where nothing says otherwise.
        case .string("lf") where member == "lineEnd": break
        case .string("\t"): words += [option, quoted("\\t")]
        default: words += [option, quoted(value.string ?? value.text)]
        }
      }
      return words.joined(separator: " ")
    }

    /// A word that a POSIX shell takes as it is.
    static func quoted(_ word: String) -> String {
      let isPlain = { (byte: UInt8) in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-._/:@%+,".utf8.contains(byte)
      }
      if !word.isEmpty, word.utf8.allSatisfy(isPlain) { return word }
      return "'" + word.replacing("'", with: "'\\''") + "'"
    }
  }
#endif
