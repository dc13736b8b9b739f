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
    var state = state
    var boundary = 0
    for index in 0..<bytes.count {
      let byte = bytes[index]
      switch state {
      case .quoted:
        if byte == quote { state = .quoteInQuoted }
        continue
      case .quoteInQuoted where byte == quote:
        state = .quoted
        continue
      case .fieldStart where byte == quote:
        state = .quoted
        continue
      default: break
      }
      if byte == 0x0A {
        boundary = index + 1
        state = .fieldStart
      } else {
        state = byte == delimiter ? .fieldStart : .unquoted
      }
    }
    self.state = state
    return boundary
  }

  private mutating func feedUnquoted(_ bytes: UnsafeRawBufferPointer, _ base: UnsafeRawPointer) -> Int {
    let text = base.assumingMemoryBound(to: UInt8.self)
    let last = tally_last(text, bytes.count, 0x0A)
    let final = text[bytes.count - 1]
    state = final == 0x0A || final == delimiter ? .fieldStart : .unquoted
    return last == bytes.count ? 0 : last + 1
  }
}
