#if Server
  /// Text in columns of equal width, two spaces apart, without borders. What comes from a file can't move the cursor or end a
  /// line: control characters are shown as U+FFFD.
  enum TextTable {
    static func lines(_ raw: [[String]]) -> [String] {
      let rows = raw.map { $0.map(printable) }
      let columns = rows.map(\.count).max() ?? 0
      let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
      return rows.map { row in
        var line = ""
        for (index, text) in row.enumerated() {
          let isLast = index == row.count - 1
          line += isLast ? text : text + String(repeating: " ", count: widths[index] - text.count + 2)
        }
        return String(line.reversed().drop { $0 == " " }.reversed())
      }
    }

    private static func printable(_ text: String) -> String {
      String(
        String.UnicodeScalarView(
          text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
  }
#endif
