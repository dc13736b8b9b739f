/// Newline-delimited JSON: one object a line. A blank line is a heartbeat.
public enum NDJSON {
  public static let heartbeat: [UInt8] = [0x0A]

  public static func line(_ json: [UInt8]) -> [UInt8] { json + [0x0A] }
}

/// Cuts a stream into lines, fed in pieces of any size.
public struct NDJSONDecoder: Sendable {
  public let lineBytesLimit: Int
  private var line: [UInt8] = []

  public init(lineBytesLimit: Int = Limits.standard.responseBytes) { self.lineBytesLimit = lineBytesLimit }

  /// Takes more bytes and returns the lines that they complete, without the blank ones.
  ///
  /// - Throws: ``NDJSONLineTooLarge``.
  public mutating func feed(_ bytes: some Sequence<UInt8>) throws(NDJSONLineTooLarge) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in bytes {
      if byte != 0x0A {
        line.append(byte)
        if line.count > lineBytesLimit { throw NDJSONLineTooLarge(limitBytes: lineBytesLimit) }
        continue
      }
      if line.contains(where: { $0 != 0x20 && $0 != 0x0D }) { lines.append(line) }
      line.removeAll(keepingCapacity: true)
    }
    return lines
  }
}

/// A line holds more bytes than the decoder's limit.
public struct NDJSONLineTooLarge: Error, Hashable, CustomStringConvertible {
  public var limitBytes: Int
  public var description: String { "a line of the stream is larger than \(limitBytes) bytes" }
}
