import CTallySIMD

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds where records end (RFC 4180, section 2), fed with bytes in pieces of any size: a pure machine.
///
/// It follows ``RecordScanner`` byte for byte, also for rows that are bad: after text behind a closing quote, the field
/// goes on as an unquoted one.
struct RecordBoundary {
  enum State {
    case fieldStart, unquoted, quoted, quoteInQuoted
  }

  let delimiter: UInt8
  let quote: UInt8
  private(set) var state = State.fieldStart

  init(delimiter: UInt8, quote: UInt8) {
    self.delimiter = delimiter
    self.quote = quote
  }

  /// Walks over the bytes and returns how many of them end with the last whole record; 0 when no record ends here.
  mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
    if state == .fieldStart || state == .unquoted, memchr(base, Int32(quote), bytes.count) == nil {
      return feedUnquoted(bytes, base)
    }
    // Byte by byte to where the vectors may begin, then by them, unless quotes stand in odd places.
    var (index, boundary) = (0, 0)
    while index < bytes.count, state != .fieldStart && state != .quoted { step(bytes[index], &index, &boundary) }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
    if let found = feedRegular(rest) { return found > 0 ? index + found : boundary }
    while index < bytes.count { step(bytes[index], &index, &boundary) }
    return boundary
  }

  @inline(__always)
  private mutating func step(_ byte: UInt8, _ index: inout Int, _ boundary: inout Int) {
    index += 1
    switch state {
    case .quoted:
      if byte == quote { state = .quoteInQuoted }
      return
    case .quoteInQuoted where byte == quote, .fieldStart where byte == quote:
      state = .quoted
      return
    default: break
    }
    if byte == 0x0A {
      boundary = index
      state = .fieldStart
    } else {
      state = byte == delimiter ? .fieldStart : .unquoted
    }
  }

  /// Nil when the quotes are irregular.
  private mutating func feedRegular(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
    let text = base.assumingMemoryBound(to: UInt8.self)
    let found = tally_find_boundary(text, bytes.count, delimiter, quote, state == .quoted ? 1 : 0)
    if found.irregular != 0 { return nil }
    if found.inside != 0 {
      state = .quoted
    } else if found.closed != 0 {
      state = .quoteInQuoted
    } else {
      let final = text[bytes.count - 1]
      state = final == 0x0A || final == delimiter ? .fieldStart : .unquoted
    }
    return found.last
  }

  private mutating func feedUnquoted(_ bytes: UnsafeRawBufferPointer, _ base: UnsafeRawPointer) -> Int {
    let text = base.assumingMemoryBound(to: UInt8.self)
    let last = tally_last(text, bytes.count, 0x0A)
    let final = text[bytes.count - 1]
    state = final == 0x0A || final == delimiter ? .fieldStart : .unquoted
    return last == bytes.count ? 0 : last + 1
  }
}
