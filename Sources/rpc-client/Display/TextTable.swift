#if Server
  import TallySchema

  /// Text in columns of equal width, two spaces apart, without borders. On a terminal a row is a line: what doesn't fit is cut,
  /// and the least important columns are left out. What comes from a file can't move the cursor or end a line: control
  /// characters are shown as U+FFFD.
  struct TextTable {
    struct Column {
      var title: String
      /// Columns of the terminal that it needs to be of use.
      var least = 6
      /// The highest goes first, where there is too little room.
      var rank = 1
      /// The end is left where it must be cut, not the beginning.
      var keepsEnd = false
    }

    var columns: [Column]
    var rows: [[String]]
    var hasHeader: Bool
    /// Of a cell's text.
    var ink: (@Sendable (_ column: Int, _ text: String) -> Style.Ink?)?

    init(_ columns: [Column], _ rows: [[String]], hasHeader: Bool = true) {
      self.columns = columns
      self.rows = rows
      self.hasHeader = hasHeader
    }

    init(_ titles: [String], _ rows: [[String]], hasHeader: Bool = true) {
      self.init(titles.enumerated().map { Column(title: $1, rank: $0) }, rows, hasHeader: hasHeader)
    }

    /// - Parameter width: nil: as wide as it is.
    func lines(width: Int?, style: Style? = nil) -> [String] {
      let cells =
        (hasHeader ? [columns.map { Printable.replaced($0.title) }] : [])
        + rows.map { $0.map { Printable.replaced($0) } }
      let natural = columns.indices.map { column in
        cells.map { column < $0.count ? DisplayWidth.of($0[column]) : 0 }.max() ?? 0
      }
      let widths = fitted(natural, to: width)
      return cells.enumerated().map { index, row in
        line(row, widths, isHeader: hasHeader && index == 0, style)
      }
    }

    private func line(_ row: [String], _ widths: [Int?], isHeader: Bool, _ style: Style?) -> String {
      var (line, gap) = ("", "")
      for (column, text) in row.enumerated() {
        guard column < widths.count, let width = widths[column] else { continue }
        let text =
          columns[column].keepsEnd ? DisplayWidth.cutAtStart(text, to: width) : DisplayWidth.cut(text, to: width)
        if text.isEmpty {
          gap += String(repeating: " ", count: width + 2)
          continue
        }
        line += gap + (style?.colored(text, isHeader ? .bold : ink?(column, text)) ?? text)
        gap = String(repeating: " ", count: width - DisplayWidth.of(text) + 2)
      }
      return line
    }

    /// The width of each column; nil: left out.
    private func fitted(_ natural: [Int], to width: Int?) -> [Int?] {
      var widths = natural.map { Optional($0) }
      guard let width else { return widths }
      func room() -> Int { width - 2 * max(0, widths.count { $0 != nil } - 1) }
      func least(_ column: Int) -> Int { min(natural[column], columns[column].least) }
      func kept() -> [Int] { widths.indices.filter { widths[$0] != nil } }
      while kept().count > 1, kept().map(least).reduce(0, +) > room(),
        let last = kept().max(by: { columns[$0].rank < columns[$1].rank })
      {
        widths[last] = nil
      }
      var excess = widths.compactMap { $0 }.reduce(0, +) - room()
      while excess > 0 {
        let shrinkable = kept().filter { (widths[$0] ?? 0) > least($0) }
        guard
          let widest = (shrinkable.isEmpty ? kept() : shrinkable).max(by: { (widths[$0] ?? 0) < (widths[$1] ?? 0) }),
          let current = widths[widest], current > 1
        else { break }
        widths[widest] = current - 1
        excess -= 1
      }
      return widths
    }
  }
#endif
