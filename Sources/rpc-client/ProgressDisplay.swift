#if Server
  import Foundation
  import Schema

  /// A job's progress on standard error: a bar on a terminal, redrawn at most ten times a second; elsewhere a whole line
  /// every few seconds.
  struct ProgressDisplay {
    private let terminal: Terminal
    private let isTerminal = isatty(2) == 1
    private let start = ContinuousClock.now
    private var lastShown: ContinuousClock.Instant?
    private var rate: Double?

    init(_ terminal: Terminal) { self.terminal = terminal }

    mutating func show(_ status: JobStatus) {
      if terminal.json { return terminal.print(status.json) }
      if terminal.quiet { return }
      let now = ContinuousClock.now
      let pause: Duration = isTerminal ? .milliseconds(100) : .seconds(5)
      if let lastShown, now - lastShown < pause { return }
      lastShown = now
      let newest = Double(status.progress.rowsPerSecond)
      rate = rate.map { $0 * 0.7 + newest * 0.3 } ?? newest
      let seconds = Int((now - start) / .seconds(1))
      let line = ProgressDisplay.line(
        status, rowsPerSecond: rate ?? newest, elapsedSeconds: seconds, hasBar: isTerminal)
      write(isTerminal ? "\r\u{1B}[K\(line)" : line + "\n")
    }

    /// Ends a bar's line.
    mutating func end() {
      if isTerminal, lastShown != nil, !terminal.quiet, !terminal.json { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) { Terminal.writeErrors(text) }

    static func line(_ status: JobStatus, rowsPerSecond: Double, elapsedSeconds: Int, hasBar: Bool) -> String {
      let progress = status.progress
      guard status.state == .running else { return "\(status.state.rawValue)  \(clock(elapsedSeconds))" }
      var parts = [progress.phase.rawValue]
      if let total = progress.bytesTotal, total > 0 {
        let share = min(1, Double(progress.bytesRead) / Double(total))
        if hasBar { parts.append(bar(share)) }
        parts.append("\(tenth(share * 100))%")
        parts.append("\(ByteCount.text(progress.bytesRead)) of \(ByteCount.text(total))")
      } else {
        parts.append(ByteCount.text(progress.bytesRead))
      }
      if progress.phase == .writing { parts.append("\(progress.groups) groups") }
      parts.append("\(rowsText(rowsPerSecond)) rows/s")
      if progress.bytesSpilled > 0 { parts.append("\(ByteCount.text(progress.bytesSpilled)) spilled") }
      if let left = progress.secondsLeft.flatMap({ Int(exactly: $0.rounded(.up)) }) { parts.append("\(left) s left") }
      return (parts + [clock(elapsedSeconds)]).joined(separator: "  ")
    }

    private static func bar(_ share: Double) -> String {
      let width = 24
      let filled = Int(share * Double(width))
      return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "]"
    }

    private static func tenth(_ value: Double) -> String { "\(Double(Int(value * 10)) / 10)" }

    private static func rowsText(_ rate: Double) -> String {
      rate >= 1e6 ? "\(tenth(rate / 1e6)) M" : rate >= 1e3 ? "\(tenth(rate / 1e3)) k" : "\(Int(rate))"
    }

    private static func clock(_ seconds: Int) -> String {
      let text = String(seconds % 60)
      return "\(seconds / 60):\(text.count == 1 ? "0" : "")\(text)"
    }
  }
#endif
