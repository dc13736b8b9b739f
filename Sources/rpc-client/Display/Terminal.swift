#if Server
  import RPCClient
  import Schema

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
    let output: Style
    let errors: Style
    let live: LiveScreen

    init(json: Bool, quiet: Bool, output: Style, errors: Style) {
      (self.json, self.quiet, self.output, self.errors) = (json, quiet, output, errors)
      live = LiveScreen(errors)
    }

    /// A line of data.
    func print(_ line: String) { Terminal.writeOutput(Array((line + "\n").utf8)) }

    /// One JSON text a line; for people, where they look on and haven't asked for JSON, with line breaks.
    func print(_ value: JSONValue) {
      guard let size = output.size, !json else { return print(value.text) }
      print(JSONLayout.text(value, width: size.columns))
    }

    /// Text for people, as data.
    func printText(_ text: String, _ ink: Style.Ink? = nil) {
      for line in wrapped(text, output) { print(output.colored(line, ink)) }
    }

    /// Rows under their columns' names.
    func print(_ table: TextTable) {
      for line in table.lines(width: output.size?.columns, style: output) { print(line) }
    }

    /// For people; nothing with `--quiet`.
    func remark(_ text: String, _ ink: Style.Ink? = nil) {
      if quiet { return }
      for line in wrapped(text, errors) { live.write(errors.colored(line, ink) + "\n") }
    }

    /// An error, in the form of the output.
    func fail(_ error: RPCError) {
      if json { return print(["error": error.json]) }
      for line in wrapped("rpc-client: \(error.message) [\(error.status.name)]", errors) {
        live.write(errors.colored(line, .red) + "\n")
      }
    }

    private func wrapped(_ text: String, _ style: Style) -> [String] {
      let text = TextTable.printable(text, lineEnds: true)
      guard let width = style.size?.columns else { return [text] }
      return DisplayWidth.wrapped(text, to: width)
    }

    /// Writes data. Where nobody reads any more, the program ends as the shell expects; where it can't be written, with
    /// a word.
    static func writeOutput(_ bytes: [UInt8]) {
      guard let problem = write(bytes, to: STDOUT_FILENO) else { return }
      if problem != EPIPE {
        writeErrors("rpc-client: standard output can't be written: \(String(cString: strerror(problem)))\n")
      }
      exit(problem == EPIPE ? 141 : 74)
    }

    /// What can't be said is not said.
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
#endif
