#if Server
  import Synchronization

  /// The lines of standard error that are drawn over again, and everything else that is written there: both go through here, so
  /// that neither is written into the other.
  final class LiveScreen: Sendable {
    private let lines = Mutex(LiveLines())
    private let style: Style

    init(_ style: Style) { self.style = style }

    func draw(_ texts: [String], columns: Int) {
      lines.withLock { Terminal.writeErrors($0.draw(texts, columns: columns)) }
    }

    /// Removes what is drawn over.
    func clear() { write("") }

    /// Writes something that stays, in the place of what was drawn.
    func write(_ text: String) {
      lines.withLock { lines in
        let cleared = style.canDraw ? style.size.map { lines.clear(columns: $0.columns) } ?? "" : ""
        if !(cleared + text).isEmpty { Terminal.writeErrors(cleared + text) }
      }
    }
  }
#endif
