/// Writes Server-Sent Events (WHATWG HTML, section 9.2.6, "Interpreting an event stream").
public enum SSEEncoder {
  /// Tells the client how long to wait before it comes back. It has no blank line of its own, and so belongs to the event
  /// after it: some clients take a blank line without data for an empty event.
  public static func retry(milliseconds: Int) -> [UInt8] { Array("retry: \(milliseconds)\n".utf8) }

  /// A comment, which keeps proxies from closing a silent connection; without a blank line, for the same reason.
  public static let heartbeat: [UInt8] = Array(": heartbeat\n".utf8)

  /// One event, which leaves the stream's last ID as it is when it has none of its own. The data must hold no line end:
  /// compact JSON never does.
  public static func event(id: String?, data: [UInt8]) -> [UInt8] {
    var output = Array("\(id.map { "id: \($0)\n" } ?? "")data: ".utf8)
    output.reserveCapacity(output.count + data.count + 2)
    output.append(contentsOf: data)
    output.append(contentsOf: [0x0A, 0x0A])
    return output
  }
}
