import TallySchema

/// What one subscriber has yet to receive: state changes, complete and in order, and the newest progress. Pure.
///
/// It never holds more than its limit. A subscriber that is so slow that even its state changes don't fit loses them all
/// but the newest, which then says that there is a gap.
struct SubscriberBuffer {
  let limit: Int
  private(set) var updates: [JobUpdate] = []

  init(limit: Int) { self.limit = max(limit, 1) }

  mutating func offer(_ update: JobUpdate) {
    if update.kind == .progress, updates.last?.kind == .progress { updates.removeLast() }
    updates.append(update)
    guard updates.count > limit else { return }
    updates.removeAll { $0.kind == .progress && $0.cursor != update.cursor }
    guard updates.count > limit else { return }
    var newest = update
    newest.hasGap = true
    updates = [newest]
  }

  mutating func take() -> JobUpdate? { updates.isEmpty ? nil : updates.removeFirst() }
}

/// One change of a job, as subscribers receive it; its notification is encoded once for all of them.
struct JobUpdate: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case state
    case progress
  }

  var kind: Kind
  var cursor: JobCursor
  var status: JobStatus
  var hasGap = false
  /// The notification's bytes, without a gap.
  var message: [UInt8]

  init(kind: Kind, event: JobEvent) {
    self.kind = kind
    cursor = event.cursor
    status = event.status
    message = JobUpdate.encode(event)
  }

  /// The event for a subscriber's stream.
  var rpcEvent: RPCEvent {
    let bytes = hasGap ? JobUpdate.encode(JobEvent(cursor: cursor, gap: true, status: status)) : message
    return RPCEvent(cursor: cursor.description, message: bytes)
  }

  private static func encode(_ event: JobEvent) -> [UInt8] {
    RPCServerMessage.encodedNotification(method: Jobs.progress.eventName, parameters: event.json)
  }
}
