/// One event of an event stream.
public struct SSEEvent: Hashable, Sendable {
  /// `message` unless the stream says otherwise.
  public var type: String
  /// The bytes of its `data` fields, joined by LF.
  public var data: [UInt8]
  /// The last ID that the stream has named, this event's or an earlier one's.
  public var lastEventID: String

  /// An event with these properties.
  public init(type: String = "message", data: [UInt8], lastEventID: String = "") {
    self.type = type
    self.data = data
    self.lastEventID = lastEventID
  }
}

/// Reads Server-Sent Events, fed in pieces of any size (WHATWG HTML, section 9.2.6): a pure machine, no I/O.
public struct SSEDecoder: Sendable {
  /// Bytes that one event may hold before the stream is refused.
  public let eventBytesLimit: Int
  /// What the stream has asked for as the delay before a new connection.
  public private(set) var retryMilliseconds: Int?
  /// The last ID that the stream has named.
  public private(set) var lastEventID = ""

  private var line: [UInt8] = []
  private var type = ""
  private var data: [UInt8] = []
  private var hasData = false
  private var pendingID = ""
  private var afterCarriageReturn = false
  private var isFirstLine = true

  /// A decoder at the beginning of a stream.
  ///
  /// - Parameter eventBytesLimit: bytes that one event may hold.
  public init(eventBytesLimit: Int = Limits.standard.responseBytes) { self.eventBytesLimit = eventBytesLimit }

  /// Takes more bytes and returns the events that they complete.
  ///
  /// - Throws: ``SSEEventTooLarge``.
  public mutating func feed(_ bytes: some Sequence<UInt8>) throws(SSEEventTooLarge) -> [SSEEvent] {
    var events: [SSEEvent] = []
    for byte in bytes {
      if afterCarriageReturn {
        afterCarriageReturn = false
        if byte == 0x0A { continue }
      }
      guard byte == 0x0A || byte == 0x0D else {
        line.append(byte)
        if line.count + data.count > eventBytesLimit { throw SSEEventTooLarge(limitBytes: eventBytesLimit) }
        continue
      }
      afterCarriageReturn = byte == 0x0D
      if let event = endLine() { events.append(event) }
    }
    return events
  }

  private mutating func endLine() -> SSEEvent? {
    if isFirstLine {
      isFirstLine = false
      if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
    }
    defer { line.removeAll(keepingCapacity: true) }
    if line.isEmpty { return dispatch() }
    let name: ArraySlice<UInt8>
    var value: ArraySlice<UInt8>
    if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
      name = line[..<colon]
      value = line[(colon + 1)...]
      if value.first == 0x20 { value = value.dropFirst() }
    } else {
      (name, value) = (line[...], [])
    }
    take(name, value)
    return nil
  }

  private mutating func take(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
    // By bytes: the name is the other end's.
    switch ["data", "event", "id", "retry"].first(where: { name.elementsEqual($0.utf8) }) {
    case "data":
      if hasData { data.append(0x0A) }
      data.append(contentsOf: value)
      hasData = true
    case "event": type = String(decoding: value, as: UTF8.self)
    case "id": if !value.contains(0) { pendingID = String(decoding: value, as: UTF8.self) }
    case "retry":
      if !value.isEmpty, value.allSatisfy({ (0x30...0x39).contains($0) }) {
        retryMilliseconds = Int(String(decoding: value, as: UTF8.self))
      }
    default: break  // A comment (an empty name), or a field that isn't defined.
    }
  }

  private mutating func dispatch() -> SSEEvent? {
    lastEventID = pendingID
    defer {
      data = []
      type = ""
      hasData = false
    }
    guard hasData else { return nil }
    return SSEEvent(type: type.isEmpty ? "message" : type, data: data, lastEventID: lastEventID)
  }
}

/// An event holds more bytes than the decoder's limit.
public struct SSEEventTooLarge: Error, Hashable, CustomStringConvertible {
  /// The limit that was reached, in bytes.
  public var limitBytes: Int
  /// The value as text, for messages and logs.
  public var description: String { "an event of the stream is larger than \(limitBytes) bytes" }
}
