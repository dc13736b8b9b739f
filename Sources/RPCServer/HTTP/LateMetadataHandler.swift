import Logging

/// Keeps a logger's metadata as it is until a line is written. Hummingbird gives each request's logger an ID, which other
/// handlers make text of at once, and almost no request writes a line.
struct LateMetadataHandler: LogHandler {
  private var base: any LogHandler
  var metadata: Logger.Metadata = [:]

  init(_ base: any LogHandler) { self.base = base }

  var logLevel: Logger.Level {
    get { base.logLevel }
    set { base.logLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] ?? base[metadataKey: key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var event = event
    event.metadata = metadata.merging(event.metadata ?? [:]) { $1 }
    base.log(event: event)
  }
}

extension Logger {
  /// The same logger, for many copies with metadata of their own that hardly ever write.
  func withLateMetadata() -> Logger { Logger(label: label) { _ in LateMetadataHandler(handler) } }
}
