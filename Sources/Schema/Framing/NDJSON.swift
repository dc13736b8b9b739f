/// Newline-delimited JSON: one object a line. A blank line is a heartbeat.
public enum NDJSON {
  public static let heartbeat: [UInt8] = [0x0A]

  public static func line(_ json: [UInt8]) -> [UInt8] { json + [0x0A] }
}
