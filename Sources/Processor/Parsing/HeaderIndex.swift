import TallySchema

/// The places of a header's columns by their names, which are equal when their bytes are.
struct HeaderIndex {
  private let header: CSVHeader
  private let places: [UTF8Key: [Int]]

  init(_ header: CSVHeader) {
    self.header = header
    places = Dictionary(grouping: header.names.indices) { UTF8Key(header.names[$0]) }
  }

  /// The place of the one column of that name.
  ///
  /// - Throws: ``JobFailure`` when there is none, or more than one.
  func place(of column: String, file: String) throws(JobFailure) -> Int {
    let found = places[UTF8Key(column)] ?? []
    if found.count == 1 { return found[0] }
    if found.count > 1 {
      throw JobFailure(
        .invalidArgument, reason: "COLUMN_AMBIGUOUS",
        "\(file):\(header.line): the column '\(Excerpt.of(column))' stands \(found.count) times in the header. A used column "
          + "needs a name of its own.",
        file: file, line: header.line)
    }
    throw JobFailure(
      .invalidArgument, reason: "COLUMN_NOT_FOUND",
      "\(file):\(header.line): there is no column '\(Excerpt.of(column))'. \(hint(column))", file: file,
      line: header.line)
  }

  /// What the caller may have meant.
  private func hint(_ column: String) -> String {
    if let alike = header.names.first(where: { HeaderIndex.looks(column, like: $0) }) {
      return
        "There is one that looks the same, '\(Excerpt.of(alike))', with other bytes: \(HeaderIndex.bytes(alike)), not "
        + "\(HeaderIndex.bytes(column)). Copy its name from the file."
    }
    if header.names.count == 1, let delimiter = HeaderIndex.delimiter(in: header.names[0]) {
      return
        "The header has one column, '\(Excerpt.of(header.names[0]))': is the delimiter \(delimiter) (csv.delimiter)?"
    }
    let meant = Suggestion.nearest(to: column, among: header.names.prefix(1_000)).map {
      " Did you mean '\(Excerpt.of($0))'?"
    }
    return "The columns are \(Excerpt.list(header.names)).\(meant ?? "")"
  }

  /// Whether two names differ only in what can't be seen: their normal form (UAX #15), spaces of another kind or around
  /// them, letters without width.
  private static func looks(_ name: String, like other: String) -> Bool {
    // Names that people write; normalising longer ones would cost more than the hint is worth.
    guard name.utf8.count <= 256, other.utf8.count <= 256 else { return false }
    return visible(name) == visible(other)
  }

  private static func visible(_ name: String) -> String {
    var kept = String.UnicodeScalarView()
    for scalar in name.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .spaceSeparator: if kept.last != " ", !kept.isEmpty { kept.append(" ") }
      case .format, .control: continue
      default: kept.append(scalar)
      }
    }
    if kept.last == " " { kept.removeLast() }
    return String(kept)
  }

  private static func bytes(_ name: String) -> String {
    name.utf8.prefix(60).map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
      + (name.utf8.count > 60 ? " …" : "")
  }

  /// The character that most likely separates the names that stand in one.
  private static func delimiter(in name: String) -> String? {
    let candidates: [(byte: UInt8, shown: String)] = [
      (UInt8(ascii: ";"), "';'"), (UInt8(ascii: "\t"), "a tab"), (UInt8(ascii: "|"), "'|'"), (UInt8(ascii: ","), "','"),
    ]
    let counted = candidates.map { candidate in (candidate.shown, name.utf8.count { $0 == candidate.byte }) }
    return counted.filter { $0.1 > 0 }.max { $0.1 < $1.1 }?.0
  }
}
