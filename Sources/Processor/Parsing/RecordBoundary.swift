import CTallySIMD
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds where records end (RFC 4180, section 2), fed with bytes in pieces of any size: a pure machine.
///
/// It follows ``RecordScanner`` byte for byte, also for rows that are bad: after text behind a closing quote, the field
/// goes on as an unquoted one. A comment is a record of its own.
struct RecordBoundary {
  enum State {
    case recordStart, fieldStart, unquoted, quoted, quoteInQuoted, escaped, comment
  }

  let delimiter: UInt8
  let quote: UInt8
  private let quotes: Bool
  private let escape: UInt8?
  private let comment: UInt8?
  private(set) var state = State.recordStart

  init(_ dialect: CSVDialect) {
    delimiter = dialect.delimiter
    quote = dialect.quote
    quotes = dialect.quoteMark != nil
    escape = dialect.escape == dialect.quote ? nil : dialect.escape
    comment = dialect.comment
  }

  /// Walks over the bytes and returns how many of them end with the last whole record; 0 when no record ends here.
  mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return 0 }
    var (index, boundary) = (0, 0)
    if escape == nil, comment == nil {
      if state == .recordStart || state == .fieldStart || state == .unquoted,
        !quotes || memchr(base, Int32(quote), bytes.count) == nil
      {
        return feedUnquoted(bytes, base)
      }
      // Byte by byte to where the vectors may begin, then by them, unless quotes stand in odd places.
      while index < bytes.count, state == .unquoted || state == .quoteInQuoted { step(bytes[index], &index, &boundary) }
      let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
      if let found = feedRegular(rest) { return found > 0 ? index + found : boundary }
    }
    while index < bytes.count { step(bytes[index], &index, &boundary) }
    return boundary
  }

  @inline(__always)
  private mutating func step(_ byte: UInt8, _ index: inout Int, _ boundary: inout Int) {
    index += 1
    switch state {
    case .quoted:
      state = byte == escape ? .escaped : byte == quote ? .quoteInQuoted : .quoted
      return
    case .escaped:
      state = .quoted
      return
    case .quoteInQuoted where byte == quote && escape == nil, .fieldStart where byte == quote && quotes,
      .recordStart where byte == quote && quotes:
      state = .quoted
      return
    case .comment where byte != 0x0A: return
    case .recordStart where byte == comment:
      state = .comment
      return
    default: break
    }
    if byte == 0x0A {
      boundary = index
      state = .recordStart
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
      setState(after: text[bytes.count - 1])
    }
    return found.last
  }

  private mutating func feedUnquoted(_ bytes: UnsafeRawBufferPointer, _ base: UnsafeRawPointer) -> Int {
    let text = base.assumingMemoryBound(to: UInt8.self)
    let last = tally_last(text, bytes.count, 0x0A)
    setState(after: text[bytes.count - 1])
    return last == bytes.count ? 0 : last + 1
  }

  /// The state outside quotes, after the byte.
  private mutating func setState(after final: UInt8) {
    state = final == 0x0A ? .recordStart : final == delimiter ? .fieldStart : .unquoted
  }
}
