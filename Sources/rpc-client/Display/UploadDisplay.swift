#if Server
  import Synchronization
  import TallySchema

  /// The progress of an upload on standard error: on a terminal a line that is drawn over again ten times a second; elsewhere whole
  /// lines, every few seconds.
  final class UploadDisplay: Sendable {
    private let terminal: Terminal
    private let name: String
    private let bytes: Int?
    private let start = ContinuousClock.now
    private let sent = Mutex(0)

    /// - Parameter bytes: in all; nil: nobody knows.
    init(_ terminal: Terminal, name: String, bytes: Int?) {
      self.terminal = terminal
      self.name = name
      self.bytes = bytes
    }

    func show(_ bytes: Int) { sent.withLock { $0 = max($0, bytes) } }

    /// Draws until the task is cancelled.
    func draw() async throws {
      var last: ContinuousClock.Instant?
      while true {
        try await Task.sleep(for: .milliseconds(100))
        if terminal.quiet || terminal.json { continue }
        if terminal.errors.canDraw {
          guard let size = terminal.errors.size else { continue }
          terminal.live.draw([line.text(width: max(1, size.columns - 1))], columns: size.columns)
        } else {
          // What is done within a second needs no report.
          let now = ContinuousClock.now
          guard now - start >= .seconds(1), last.map({ now - $0 >= .seconds(5) }) ?? true else { continue }
          last = now
          Terminal.writeErrors(line.text(width: nil) + "\n")
        }
      }
    }

    /// Removes what is drawn over, and says what was sent.
    func end() {
      terminal.live.clear()
      terminal.remark("\(Printable.replaced(name)): \(ByteCount.text(sent.withLock { $0 })) uploaded", .dim)
    }

    private var line: UploadLine {
      UploadLine(
        name: name, sent: sent.withLock { $0 }, bytes: bytes, seconds: (ContinuousClock.now - start) / .seconds(1))
    }
  }

  /// An upload's progress in one line: pure.
  struct UploadLine {
    var name: String
    var sent: Int
    var bytes: Int?
    var seconds: Double

    /// - Parameter width: columns; nil: any number.
    func text(width: Int?) -> String {
      var parts = ["uploading \(Printable.replaced(name))"]
      if let bytes, bytes > 0 {
        parts.append("\(sent * 100 / bytes)%")
        parts.append("\(ByteCount.text(sent)) of \(ByteCount.text(bytes))")
      } else {
        parts.append(ByteCount.text(sent))
      }
      let rate = seconds > 0 ? Double(sent) / seconds : 0
      parts.append("\(ByteCount.text(Int(rate)))/s")
      if let bytes, rate > 0, sent < bytes { parts.append("\(Int((Double(bytes - sent) / rate).rounded(.up))) s left") }
      let text = parts.joined(separator: "  ")
      return width.map { DisplayWidth.cut(text, to: $0) } ?? text
    }
  }
#endif
