#if Server
  import RPCClient
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// What one of the process's streams can show.
  struct Style: Sendable {
    enum ColorChoice: String, CaseIterable, Sendable { case auto, always, never }

    let isTerminal: Bool
    let hasColor: Bool
    /// Whether lines can be drawn over again: a terminal that says that it is dumb obeys no escape codes.
    let canDraw: Bool
    private let descriptor: Int32

    /// - Parameter environment: `NO_COLOR` (https://no-color.org) and `TERM` are read.
    init(descriptor: Int32, color: ColorChoice, environment: (String) -> String?) {
      self.descriptor = descriptor
      isTerminal = isatty(descriptor) == 1
      let isDumb = environment("TERM") == "dumb"
      canDraw = isTerminal && !isDumb
      switch color {
      case .always: hasColor = true
      case .never: hasColor = false
      case .auto:
        let refused = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        hasColor = isTerminal && !refused && !isDumb
      }
    }

    /// Columns and rows, as they are now; nil where there is no terminal.
    var size: (columns: Int, rows: Int)? {
      guard isTerminal else { return nil }
      var size = winsize()
      guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
      return (Int(size.ws_col), max(1, Int(size.ws_row)))
    }

    /// The terminal's own colours, which are legible on light and on dark.
    enum Ink: String { case red = "31", green = "32", yellow = "33", blue = "34", bold = "1", dim = "2" }

    func colored(_ text: String, _ ink: Ink?) -> String {
      guard hasColor, let ink, !text.isEmpty else { return text }
      return "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m"
    }

    static func ink(of state: JobState) -> Ink? {
      switch state {
      case .succeeded: .green
      case .failed: .red
      case .cancelled: .yellow
      case .running: .blue
      default: nil
      }
    }
  }
#endif
