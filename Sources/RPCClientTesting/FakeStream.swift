import RPCClient
import Synchronization
import TallySchema

/// What a stream answers with: events, and at the end its result.
public struct FakeStream<Event: Sendable, Output: Sendable>: Sendable {
  /// The events, in their order.
  public var events: [Event]
  /// The result at the end.
  public var result: Output

  /// A stream of these events and this result.
  public init(events: [Event], result: Output) {
    self.events = events
    self.result = result
  }
}

/// The messages of one fake connection.
final class FakeMessages: RPCMessageSource {
  private let left: Mutex<ArraySlice<RPCServerMessage>>

  init(_ messages: [RPCServerMessage]) { left = Mutex(messages[...]) }

  func next() async throws -> (message: RPCServerMessage, lastEventID: String?)? {
    try Task.checkCancellation()
    return left.withLock { $0.popFirst() }.map { ($0, nil) }
  }
}

/// The bytes of one fake download.
final class FakeDownload: RPCDownload {
  let head: HTTPResponseHead
  private let left: Mutex<[UInt8]?>

  init(_ bytes: [UInt8]) {
    head = HTTPResponseHead(status: 200, headers: ["content-length": String(bytes.count), "etag": "\"fake\""])
    left = Mutex(bytes.isEmpty ? nil : bytes)
  }

  func next() async throws -> [UInt8]? {
    try Task.checkCancellation()
    return left.withLock { $0.take() }
  }
}
