#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The value of a field: its bytes without the quotes around it and with doubled quotes made single.
enum FieldText {
  /// Returns the value; what needs unquoting is written to `scratch`, which must hold the field's length.
  @inline(__always)
  static func value(
    of field: UnsafeRawBufferPointer, quote: UInt8, scratch: UnsafeMutableRawPointer
  ) -> UnsafeRawBufferPointer {
    guard field.count >= 2, field[0] == quote else { return field }
    let inner = UnsafeRawBufferPointer(rebasing: field[1..<(field.count - 1)])
    guard inner.count > 0, memchr(inner.baseAddress!, Int32(quote), inner.count) != nil else { return inner }
    return unescaped(inner, quote: quote, scratch: scratch)
  }

  @inline(never)
  static func isUTF8(_ field: UnsafeRawBufferPointer) -> Bool {
    if field.allSatisfy({ $0 < 0x80 }) { return true }
    return String(validating: field, as: UTF8.self) != nil
  }

  private static func unescaped(
    _ inner: UnsafeRawBufferPointer, quote: UInt8, scratch: UnsafeMutableRawPointer
  ) -> UnsafeRawBufferPointer {
    let output = scratch.assumingMemoryBound(to: UInt8.self)
    var (read, written) = (0, 0)
    while read < inner.count {
      let byte = inner[read]
      output[written] = byte
      written += 1
      read += byte == quote ? 2 : 1
    }
    return UnsafeRawBufferPointer(start: scratch, count: written)
  }
}
