import TallySchema

/// A trace that calls belong to (W3C Trace Context, `traceparent`). Calls that are made within one carry it on, each as a span
/// of its own.
///
/// ```swift
/// try await TraceContext.$current.withValue(TraceContext(traceparent: incoming)) { try await client.call(…) }
/// ```
public struct TraceContext: Hashable, Sendable {
  /// Of the task; nil: calls carry no trace.
  @TaskLocal public static var current: TraceContext?

  /// 32 hexadecimal digits, not all zero.
  public let traceID: String
  /// 16 hexadecimal digits, not all zero: who calls.
  public let spanID: String
  /// Bit 0: sampled.
  public let flags: UInt8

  /// A trace that begins here.
  public init() {
    (traceID, spanID) = (TraceContext.hexadecimal(16), TraceContext.hexadecimal(8))
    flags = 1
  }

  /// Nil for what is no `traceparent` of version 00, or of a later one that begins like it (section 3.2).
  public init?(traceparent: String) {
    let parts = traceparent.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count >= 4, TraceContext.isHexadecimal(parts[0], 2), !parts[0].elementsEqual("ff".utf8),
      parts.count == 4 || !parts[0].elementsEqual("00".utf8),
      TraceContext.isHexadecimal(parts[1], 32), parts[1].contains(where: { $0 != UInt8(ascii: "0") }),
      TraceContext.isHexadecimal(parts[2], 16), parts[2].contains(where: { $0 != UInt8(ascii: "0") }),
      TraceContext.isHexadecimal(parts[3], 2), let flags = UInt8(Substring(parts[3]), radix: 16)
    else { return nil }
    (traceID, spanID, self.flags) = (String(Substring(parts[1])), String(Substring(parts[2])), flags)
  }

  private init(traceID: String, spanID: String, flags: UInt8) {
    (self.traceID, self.spanID, self.flags) = (traceID, spanID, flags)
  }

  /// Another span of the same trace.
  public func child() -> TraceContext {
    TraceContext(traceID: traceID, spanID: TraceContext.hexadecimal(8), flags: flags)
  }

  /// The header's value (W3C Trace Context, section 3.2).
  public var traceparent: String { "00-\(traceID)-\(spanID)-0\(flags & 1)" }

  private static func isHexadecimal(_ text: Substring.UTF8View, _ count: Int) -> Bool {
    text.count == count
      && text.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }

  private static func hexadecimal(_ bytes: Int) -> String {
    // All zero is no ID.
    (0..<bytes).map { index in UInt8.random(in: (index == 0 ? 1 : 0)...255) }.hexadecimal
  }
}
