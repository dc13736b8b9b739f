#if Server
  import Logging
  import TallySchema

  /// Writes a line for each event: whatever callers, files and servers have put into a message or its metadata, it neither ends
  /// the line nor moves a terminal's cursor. The one place where log lines are escaped.
  struct EscapingLogHandler: LogHandler {
    private var base: any LogHandler

    init(_ base: any LogHandler) { self.base = base }

    var logLevel: Logger.Level {
      get { base.logLevel }
      set { base.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
      get { base.metadata }
      set { base.metadata = newValue.mapValues(EscapingLogHandler.escaped) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { base[metadataKey: key] }
      set { base[metadataKey: key] = newValue.map(EscapingLogHandler.escaped) }
    }

    func log(event: LogEvent) {
      var event = event
      event.message = Logger.Message(stringLiteral: Printable.escaped(event.message.description))
      event.metadata = event.metadata?.mapValues(EscapingLogHandler.escaped)
      base.log(event: event)
    }

    private static func escaped(_ value: Logger.Metadata.Value) -> Logger.Metadata.Value {
      switch value {
      case .string(let text): .string(Printable.escaped(text))
      case .stringConvertible(let value): .string(Printable.escaped(value.description))
      case .array(let values): .array(values.map(escaped))
      case .dictionary(let values): .dictionary(values.mapValues(escaped))
      }
    }
  }
#endif
