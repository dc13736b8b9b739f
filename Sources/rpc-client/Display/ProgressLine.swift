#if Server
  import TallySchema

  /// A job's progress in one line: pure. What doesn't fit is left out, the least important first.
  struct ProgressLine {
    var status: JobStatus
    var rowsPerSecond: Double
    var elapsedSeconds: Int
    /// Of several jobs, which one this is.
    var name: String?
    var hasBar: Bool

    private struct Part {
      var text: String
      /// The highest goes first; 0 is cut instead.
      var rank: Int
    }

    /// - Parameter width: columns; nil: any number.
    func text(width: Int?) -> String {
      var parts = self.parts
      guard let width else { return joined(parts, bar: hasBar ? 24 : 0) }
      // Of the terminal's width alone: what stands beside it changes its length all the time.
      let bar = hasBar && share != nil ? min(34, max(12, width / 4)) : 0
      while parts.count > 1, length(parts) + (bar > 0 ? bar + 2 : 0) > width,
        let last = parts.indices.max(by: { parts[$0].rank < parts[$1].rank }), parts[last].rank > 0
      {
        parts.remove(at: last)
      }
      return DisplayWidth.cut(joined(parts, bar: length(parts) + 2 + bar <= width ? bar : 0), to: width)
    }

    private var share: Double? {
      guard status.state == .running, let total = status.progress.bytesTotal, total > 0 else { return nil }
      return max(0, min(1, Double(status.progress.bytesRead) / Double(total)))
    }

    private var parts: [Part] {
      let progress = status.progress
      var parts = name.map { [Part(text: $0, rank: 0)] } ?? []
      guard status.state == .running else {
        return parts + [
          Part(text: Printable.replaced(status.state.rawValue), rank: 1),
          Part(text: ProgressLine.clock(elapsedSeconds), rank: 2),
        ]
      }
      if progress.phase == .publishing, let error = status.error {
        // Cut rather than left out: it says what to do.
        return parts + [
          Part(text: progress.phase.rawValue, rank: 0), Part(text: ProgressLine.clock(elapsedSeconds), rank: 2),
          Part(text: Printable.replaced(error.message), rank: 0),
        ]
      }
      parts.append(Part(text: Printable.replaced(progress.phase.rawValue), rank: 1))
      let read = ByteCount.text(progress.bytesRead)
      if let share, let total = progress.bytesTotal {
        let percent = "\(ProgressLine.tenth(share * 100))%"
        // As wide as 100.0%, for the bar to stay where it is.
        let blank = hasBar ? String(repeating: " ", count: max(0, 6 - percent.count)) : ""
        parts.append(Part(text: blank + percent, rank: 1))
        parts.append(Part(text: "\(read) of \(ByteCount.text(total))", rank: 5))
      } else {
        parts.append(Part(text: read, rank: 1))
      }
      if progress.phase == .writing { parts.append(Part(text: "\(progress.groups.grouped) groups", rank: 6)) }
      parts.append(Part(text: "\(ProgressLine.rate(rowsPerSecond)) rows/s", rank: 4))
      if progress.bytesSpilled > 0 {
        parts.append(Part(text: "\(ByteCount.text(progress.bytesSpilled)) spilled", rank: 7))
      }
      if let left = progress.secondsLeft.flatMap({ Int(exactly: $0.rounded(.up)) }) {
        parts.append(Part(text: "\(left) s left", rank: 2))
      }
      return parts + [Part(text: ProgressLine.clock(elapsedSeconds), rank: 3)]
    }

    private func length(_ parts: [Part]) -> Int {
      parts.reduce(0) { $0 + DisplayWidth.of($1.text) } + 2 * max(0, parts.count - 1)
    }

    /// - Parameter bar: its columns, with its brackets; 0: none. It stands before the share.
    private func joined(_ parts: [Part], bar: Int) -> String {
      var texts = parts.map(\.text)
      if bar > 2, let share, let place = texts.firstIndex(where: { $0.hasSuffix("%") }) {
        let filled = Int(share * Double(bar - 2))
        texts.insert(
          "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: bar - 2 - filled) + "]", at: place
        )
      }
      return texts.joined(separator: "  ")
    }

    private static func tenth(_ value: Double) -> String { "\((value * 10).rounded(.down) / 10)" }

    private static func rate(_ rate: Double) -> String {
      rate >= 1e6 ? "\(tenth(rate / 1e6)) M" : rate >= 1e3 ? "\(tenth(rate / 1e3)) k" : "\(Int(max(0, rate)))"
    }

    private static func clock(_ seconds: Int) -> String {
      let text = String(seconds % 60)
      return "\(seconds / 60):\(text.count == 1 ? "0" : "")\(text)"
    }
  }
#endif
