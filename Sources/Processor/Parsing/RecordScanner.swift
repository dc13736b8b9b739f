import TallySchema

/// Where a record's fields end, found byte by byte (RFC 4180, section 2): the reference, and the path for quotes.
///
/// A pure machine: bytes in, ends out, no allocation. A quote that isn't a field's first byte is literal; after a
/// closing quote, only the field's end may follow; CR LF and LF end a record, a lone CR is data.
struct RecordScanner {
  enum Problem: Equatable {
    case textAfterQuote, unclosedQuote
  }

  /// A record: its fields stand between `start`, each end and the byte after it.
  struct Record {
    /// Where the next record begins.
    var next: Int
    var fieldCount: Int
    /// The end of the last field, without the line end.
    var lastEnd: Int
    /// What is wrong, at which byte, and which quote opened the field that it is in.
    var problem: (Problem, at: Int, opening: Int)?
    var isComment = false
  }

  let delimiter: UInt8
  let quote: UInt8
  /// False: no byte opens a quoted field.
  let quotes: Bool
  let escape: UInt8?
  let comment: UInt8?

  init(_ dialect: CSVDialect) {
    delimiter = dialect.delimiter
    quote = dialect.quote
    quotes = dialect.quoteMark != nil
    escape = dialect.escape == dialect.quote ? nil : dialect.escape
    comment = dialect.comment
  }

  /// Reads the record that begins at `start`. Ends beyond the capacity of `ends` are counted but not kept.
  func scan(_ bytes: UnsafeRawBufferPointer, from start: Int, ends: UnsafeMutableBufferPointer<UInt32>) -> Record {
    var record = Record(next: bytes.count, fieldCount: 0, lastEnd: bytes.count, problem: nil)
    var index = start
    if let comment, start < bytes.count, bytes[start] == comment {
      while index < bytes.count, bytes[index] != 0x0A { index += 1 }
      record.isComment = true
      record.fieldCount = 1
      return finish(&record, bytes, start: start, end: index, ends: ends)
    }
    while true {
      var isClosed = false
      var opening = index
      if quotes, index < bytes.count, bytes[index] == quote {
        opening = index
        index = closingQuote(bytes, after: index)
        if index == bytes.count {
          record.problem = record.problem ?? (.unclosedQuote, opening, opening)
          record.fieldCount += 1
          return finish(&record, bytes, start: start, end: index, ends: ends)
        }
        index += 1
        isClosed = true
      }
      let tail = index
      while index < bytes.count, bytes[index] != delimiter, bytes[index] != 0x0A { index += 1 }
      if isClosed, index > tail,
        !(index == tail + 1 && bytes[tail] == 0x0D && index < bytes.count && bytes[index] == 0x0A)
      {
        record.problem = record.problem ?? (.textAfterQuote, tail, opening)
      }
      record.fieldCount += 1
      if index < bytes.count, bytes[index] == delimiter {
        if record.fieldCount <= ends.count { ends[record.fieldCount - 1] = UInt32(index) }
        index += 1
        continue
      }
      return finish(&record, bytes, start: start, end: index, ends: ends)
    }
  }

  /// The quote that opens a record's first field with a line end in it; nil where none has one.
  func swallowingQuote(in record: UnsafeRawBufferPointer, _ lineEnds: LineEnds) -> Int? {
    guard quotes else { return nil }
    var index = 0
    while index < record.count {
      if record[index] == quote {
        let opening = index
        index = min(closingQuote(record, after: opening), record.count)
        if lineEnds.count(UnsafeRawBufferPointer(rebasing: record[opening..<index])) > 0 { return opening }
      }
      while index < record.count, record[index] != delimiter { index += 1 }
      index += 1
    }
    return nil
  }

  /// The first CR outside quotes that isn't half of the CR LF at a record's end; nil where there is none.
  func loneReturn(in record: UnsafeRawBufferPointer) -> Int? {
    var index = 0
    while index < record.count {
      if quotes, record[index] == quote { index = min(closingQuote(record, after: index), record.count) }
      while index < record.count, record[index] != delimiter {
        if record[index] == 0x0D, index + 1 == record.count || record[index + 1] != 0x0A { return index }
        index += 1
      }
      index += 1
    }
    return nil
  }

  /// The position of the quote that closes a field opened at `opening`; the bytes' end when there is none.
  private func closingQuote(_ bytes: UnsafeRawBufferPointer, after opening: Int) -> Int {
    var index = opening + 1
    while index < bytes.count {
      if bytes[index] == escape {
        index += 2
        continue
      }
      if bytes[index] == quote {
        if escape != nil { return index }
        guard index + 1 < bytes.count, bytes[index + 1] == quote else { return index }
        index += 1
      }
      index += 1
    }
    return bytes.count
  }

  /// Whether the vectors find the same.
  var isPlain: Bool { escape == nil && comment == nil }

  private func finish(
    _ record: inout Record, _ bytes: UnsafeRawBufferPointer, start: Int, end: Int,
    ends: UnsafeMutableBufferPointer<UInt32>
  ) -> Record {
    let hasLineFeed = end < bytes.count
    record.next = hasLineFeed ? end + 1 : end
    record.lastEnd = hasLineFeed && end > start && bytes[end - 1] == 0x0D ? end - 1 : end
    if record.fieldCount <= ends.count { ends[record.fieldCount - 1] = UInt32(record.lastEnd) }
    return record
  }
}
