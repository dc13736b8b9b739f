#if Server
  /// Lines of a terminal that are drawn over again: what has to be written for it, pure. The cursor waits at the end of the last
  /// one.
  struct LiveLines {
    private var drawn: [Int] = []

    /// - Parameter columns: the terminal's, now. Where it has become narrower, lines have been broken meanwhile.
    mutating func draw(_ lines: [String], columns: Int) -> String {
      defer { drawn = lines.map { DisplayWidth.of($0) } }
      return back(columns) + lines.joined(separator: "\n")
    }

    /// Removes them.
    mutating func clear(columns: Int) -> String {
      defer { drawn = [] }
      return drawn.isEmpty ? "" : back(columns)
    }

    /// To the beginning of what was drawn, and away with it.
    private func back(_ columns: Int) -> String {
      if drawn.isEmpty { return "" }
      let rows = drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / max(1, columns)) }
      return (rows > 1 ? "\u{1B}[\(rows - 1)A" : "") + "\r\u{1B}[J"
    }
  }
#endif
