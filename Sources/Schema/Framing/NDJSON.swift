/// Newline-delimited JSON: one object a line. A blank line is a heartbeat.
public enum NDJSON {
  /// An empty line, which readers skip: it shows that the connection lives.
  public static let heartbeat: [UInt8] = [0x0A]

  /// A JSON text as a line.
  public static func line(_ json: [UInt8]) -> [UInt8] { json + [0x0A] }
}
