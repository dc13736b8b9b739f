#if Server
  import TallySchema

  /// The progress of jobs on standard error: on a terminal a line each, drawn over again at most ten times a second; elsewhere
  /// whole lines, every few seconds.
  actor ProgressDisplay {
    private let terminal: Terminal
    private let start = ContinuousClock.now
    private let jobIDs: [String]
    /// False: it only remembers what has ended.
    private let isShown: Bool
    private var statuses: [String: JobStatus] = [:]
    private var rates: [String: Double] = [:]
    private var drawn: [String] = []
    private var lastTold: ContinuousClock.Instant?
    private var isAtEnd = false

    init(_ terminal: Terminal, jobIDs: [String], isShown: Bool) {
      self.terminal = terminal
      self.jobIDs = jobIDs
      self.isShown = isShown
    }

    /// Those that haven't ended, as far as is known.
    var unended: [String] { jobIDs.filter { statuses[$0]?.state.isFinal != true } }

    func show(_ status: JobStatus) {
      statuses[status.jobID] = status
      guard isShown else { return }
      if terminal.json { return terminal.print(status.json) }
      if terminal.quiet { return }
      let newest = Double(status.progress.rowsPerSecond)
      rates[status.jobID] = rates[status.jobID].map { $0 * 0.7 + newest * 0.3 } ?? newest
      if !terminal.errors.canDraw { tell() }
    }

    /// Draws what has come, ten times a second, until the task is cancelled: the clock goes on where nothing else does, and the
    /// terminal may have another size.
    func draw() async {
      guard isShown, terminal.errors.canDraw, !terminal.quiet, !terminal.json else { return }
      while !Task.isCancelled, !isAtEnd {
        drawOnce()
        try? await Task.sleep(for: .milliseconds(100))
      }
    }

    /// Removes what is drawn over.
    func end() {
      isAtEnd = true
      terminal.live.clear()
    }

    private func drawOnce() {
      guard let size = terminal.errors.size else { return }
      let shown = jobIDs.compactMap { statuses[$0] }
      // One column less: some terminals go to the next line once the last column is full.
      let width = max(1, size.columns - 1)
      let most = max(2, size.rows - 2)
      // Those that run are looked at first.
      let ordered = shown.filter { !$0.state.isFinal } + shown.filter(\.state.isFinal)
      var texts = (ordered.count <= most ? shown : Array(ordered.prefix(most - 1))).map { line($0).text(width: width) }
      if ordered.count > most { texts.append(DisplayWidth.cut("and \(ordered.count - most + 1) more", to: width)) }
      if texts == drawn || texts.isEmpty { return }
      drawn = texts
      terminal.live.draw(texts, columns: size.columns)
    }

    /// Whole lines, for whoever reads them later.
    private func tell() {
      let now = ContinuousClock.now
      // What is done within a second needs no report.
      if now - start < .seconds(1) { return }
      if let lastTold, now - lastTold < .seconds(5) { return }
      lastTold = now
      for status in jobIDs.compactMap({ statuses[$0] }) { Terminal.writeErrors(line(status).text(width: nil) + "\n") }
    }

    private func line(_ status: JobStatus) -> ProgressLine {
      ProgressLine(
        status: status, rowsPerSecond: rates[status.jobID] ?? 0,
        elapsedSeconds: Int((ContinuousClock.now - start) / .seconds(1)),
        name: jobIDs.count > 1 ? Printable.replaced(status.output ?? status.jobID) : nil,
        hasBar: terminal.errors.canDraw)
    }
  }
#endif
