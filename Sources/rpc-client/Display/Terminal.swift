#if Server
  import RPCClient
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Where a command writes: data to standard output, the rest to standard error. What a person reads fits the terminal; what
  /// a program reads is left as it is.
  struct Terminal: Sendable {
    var json: Bool
    var quiet: Bool
    /// Whether calls are sent with a token.
    var hasToken = false
    let output: Style
    let errors: Style
    let live: LiveScreen

    init(json: Bool, quiet: Bool, output: Style, errors: Style) {
      (self.json, self.quiet, self.output, self.errors) = (json, quiet, output, errors)
      live = LiveScreen(errors)
    }

    /// A line of data. On a terminal, nothing in it moves the cursor.
    func print(_ line: String) { write(output.isTerminal ? Printable.replaced(line) : line) }

    private func write(_ line: String) { Terminal.writeOutput(Array((line + "\n").utf8)) }

    /// One JSON text a line; for people, where they look on and haven't asked for JSON, with line breaks.
    func print(_ value: JSONValue) {
      guard let size = output.size, !json else { return print(value.text) }
      write(Printable.replaced(JSONLayout.text(value, width: size.columns), keepsLineEnds: true))
    }

    /// Text for people, as data.
    func printText(_ text: String, _ ink: Style.Ink? = nil) {
      for line in wrapped(text, output) { write(output.colored(line, ink)) }
    }

    /// Rows under their columns' names.
    func print(_ table: TextTable) {
      for line in table.lines(width: output.size?.columns, style: output) { write(line) }
    }

    /// For people; nothing with `--quiet`.
    func remark(_ text: String, _ ink: Style.Ink? = nil) {
      if quiet { return }
      for line in wrapped(text, errors) { live.write(errors.colored(line, ink) + "\n") }
    }

    /// An error, in the form of the output.
    func fail(_ error: RPCError) {
      if json { return print(["error": error.json]) }
      for line in wrapped("rpc-client: \(words(of: error)) [\(error.status.name)]", errors) {
        live.write(errors.colored(line, .red) + "\n")
      }
    }

    /// In this program's own words, where the server's are those of its protocol.
    private func words(of error: RPCError) -> String {
      guard error.reason == "TOKEN_REQUIRED" else { return error.message }
      return hasToken
        ? "The token that was given (TALLY_TOKEN, client.env or --token) isn't the server's."
        : "The server asks for a token, and none was given. Set TALLY_TOKEN, or a line of it in client.env."
    }

    /// Whether there is somebody to answer a question.
    var canAsk: Bool { isatty(STDIN_FILENO) == 1 && errors.isTerminal }

    /// A question with yes or no; whoever says nothing says no.
    func ask(_ question: String) -> Bool {
      live.write(Printable.replaced(question) + " [y/N] ")
      let answer = readLine().map { $0.lowercased() }
      return answer == "y" || answer == "yes"
    }

    private func wrapped(_ text: String, _ style: Style) -> [String] {
      let text = Printable.replaced(text, keepsLineEnds: true)
      guard let width = style.size?.columns else { return [text] }
      return DisplayWidth.wrapped(text, to: width)
    }

    /// Writes data. Where nobody reads any more, the program ends as the shell expects; where it can't be written, with
    /// a word.
    static func writeOutput(_ bytes: [UInt8]) {
      if let code = write(bytes, to: STDOUT_FILENO) { end(OutputProblem(code: code)) }
    }

    static func end(_ problem: OutputProblem) -> Never {
      if problem.code != EPIPE {
        writeErrors("rpc-client: standard output can't be written: \(String(cString: strerror(problem.code)))\n")
      }
      exit(problem.code == EPIPE ? 141 : 74)
    }

    /// Writes to standard error. A failure of this write is ignored: there is no other place to report it.
    static func writeErrors(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

    /// - Returns: the `errno` of a write that failed.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
      bytes.withUnsafeBytes { buffer in
        var left = buffer[...]
        while !left.isEmpty {
          #if canImport(Glibc)
            let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: left).baseAddress, left.count)
          #else
            let count = Darwin.write(descriptor, UnsafeRawBufferPointer(rebasing: left).baseAddress, left.count)
          #endif
          if count >= 0 {
            left = left.dropFirst(count)
          } else if errno == EAGAIN {
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&wait, 1, -1)
          } else if errno != EINTR {
            return errno
          }
        }
        return nil
      }
    }
  }

  /// Standard output can't be written: the `errno`.
  struct OutputProblem: Error { var code: Int32 }
#endif
