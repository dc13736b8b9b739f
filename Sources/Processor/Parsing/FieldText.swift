import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The value of a field: its bytes without the quotes around it, and with doubled or escaped quotes made single.
struct FieldText: Sendable {
  let quote: UInt8
  /// False: no field is quoted.
  let quotes: Bool
  /// In a quoted field, the byte behind it is literal.
  var escape: UInt8?
  /// Spaces and tabs around unquoted values are left out.
  var trims = false

  init(_ dialect: CSVDialect) {
    quote = dialect.quote
    quotes = dialect.quoteMark != nil
    escape = dialect.escape == dialect.quote ? nil : dialect.escape
    trims = dialect.trim
  }

  /// Returns the value; what needs unquoting is written to `scratch`, which must hold the field's length.
  @inline(__always)
  func value(of field: UnsafeRawBufferPointer, scratch: UnsafeMutableRawPointer) -> UnsafeRawBufferPointer {
    guard quotes, field.count >= 2, field[0] == quote else { return trims ? FieldText.trimmed(field) : field }
    let inner = UnsafeRawBufferPointer(rebasing: field[1..<(field.count - 1)])
    guard inner.count > 0 else { return inner }
    if let escape {
      guard memchr(inner.baseAddress!, Int32(escape), inner.count) != nil else { return inner }
      return unescaped(inner, by: escape, scratch: scratch)
    }
    guard memchr(inner.baseAddress!, Int32(quote), inner.count) != nil else { return inner }
    return unescaped(inner, by: quote, scratch: scratch)
  }

  @inline(never)
  static func isUTF8(_ field: UnsafeRawBufferPointer) -> Bool {
    if field.allSatisfy({ $0 < 0x80 }) { return true }
    return String(validating: field, as: UTF8.self) != nil
  }

  private static func trimmed(_ field: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var (start, end) = (0, field.count)
    while start < end, field[start] == 0x20 || field[start] == 0x09 { start += 1 }
    while end > start, field[end - 1] == 0x20 || field[end - 1] == 0x09 { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: field[start..<end])
  }

  /// Leaves out every such byte, and keeps the one behind it.
  private func unescaped(
    _ inner: UnsafeRawBufferPointer, by escape: UInt8, scratch: UnsafeMutableRawPointer
  ) -> UnsafeRawBufferPointer {
    let output = scratch.assumingMemoryBound(to: UInt8.self)
    var (read, written) = (0, 0)
    while read < inner.count {
      if inner[read] == escape, read + 1 < inner.count { read += 1 }
      output[written] = inner[read]
      written += 1
      read += 1
    }
    return UnsafeRawBufferPointer(start: scratch, count: written)
  }
}
