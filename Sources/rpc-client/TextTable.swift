#if Server
  /// Text in columns of equal width, two spaces apart, without borders.
  enum TextTable {
    static func lines(_ rows: [[String]]) -> [String] {
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
  }
#endif
