import Logging
import Synchronization
import Testing

@testable import RPCServer

/// A logger whose metadata waits for a line says the same as one whose doesn't.
@Suite struct LateMetadataTests {
  private final class Lines: Sendable {
    let metadata = Mutex<[Logger.Metadata]>([])
  }

  private struct Handler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = ["program": "tally"]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let said = metadata.merging(event.metadata ?? [:]) { $1 }
      lines.metadata.withLock { $0.append(said) }
    }
  }

  @Test func aLineHasTheMetadataOfItsCopyOfTheLogger() {
    let lines = Lines()
    var first = Logger(label: "test") { _ in Handler(lines: lines) }.withLateMetadata()
    first[metadataKey: "request"] = "1"
    var second = first
    second[metadataKey: "request"] = "2"
    second.logLevel = .error
    first.info("a", metadata: ["path": "/rpc"])
    second.info("left out")
    second.error("b", metadata: ["request": "3"])
    #expect(first[metadataKey: "program"] == "tally" && first[metadataKey: "request"] == "1")
    #expect(
      lines.metadata.withLock { $0 } == [
        ["program": "tally", "request": "1", "path": "/rpc"], ["program": "tally", "request": "3"],
      ])
  }
}
