#if Server
  import Schema

  /// The progress of jobs on standard error: on a terminal a line each, drawn over again at most ten times a second; elsewhere
  /// whole lines, every few seconds.
  struct ProgressDisplay {
    private let terminal: Terminal
    private let start = ContinuousClock.now
    private let jobIDs: [String]
    private var statuses: [String: JobStatus] = [:]
    private var rates: [String: Double] = [:]
    private var lastShown: ContinuousClock.Instant?
    private var lines = LiveLines()

    init(_ terminal: Terminal, jobIDs: [String]) {
      self.terminal = terminal
      self.jobIDs = jobIDs
    }

    mutating func show(_ status: JobStatus) {
      if terminal.json { return terminal.print(status.json) }
      if terminal.quiet { return }
      statuses[status.jobID] = status
      let newest = Double(status.progress.rowsPerSecond)
      rates[status.jobID] = rates[status.jobID].map { $0 * 0.7 + newest * 0.3 } ?? newest
      let now = ContinuousClock.now
      let pause: Duration = terminal.errors.isTerminal ? .milliseconds(100) : .seconds(5)
      if let lastShown, now - lastShown < pause { return }
      lastShown = now
      draw(at: now)
    }

    /// Removes what is drawn over.
    mutating func end() {
      guard let size = terminal.errors.size, !terminal.quiet, !terminal.json else { return }
      Terminal.writeErrors(lines.clear(columns: size.columns))
    }

    private mutating func draw(at now: ContinuousClock.Instant) {
      let seconds = Int((now - start) / .seconds(1))
      let shown = jobIDs.compactMap { statuses[$0] }
      func line(_ status: JobStatus) -> ProgressLine {
        ProgressLine(
          status: status, rowsPerSecond: rates[status.jobID] ?? 0, elapsedSeconds: seconds,
          name: jobIDs.count > 1 ? status.output : nil, hasBar: terminal.errors.isTerminal)
      }
      guard let size = terminal.errors.size else {
        for status in shown { Terminal.writeErrors(line(status).text(width: nil) + "\n") }
        return
      }
      // One column less: some terminals go to the next line once the last column is full.
      let width = max(1, size.columns - 1)
      let most = max(1, size.rows - 2)
      // Those that run are looked at first.
      let ordered = shown.filter { !$0.state.isFinal } + shown.filter(\.state.isFinal)
      var texts = (ordered.count <= most ? shown : Array(ordered.prefix(most - 1))).map { line($0).text(width: width) }
      if ordered.count > most { texts.append("and \(ordered.count - most + 1) more") }
      Terminal.writeErrors(lines.draw(texts, columns: size.columns))
    }
  }
#endif
