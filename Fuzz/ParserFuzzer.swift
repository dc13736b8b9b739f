import CTallySIMD
import TallySchema

/// Random bytes as a CSV file: the vectors and the byte machine must find the same, and nothing may be read or written
/// outside its place. The first four bytes choose the dialect and where the bytes are cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzParser(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  guard count > 4 else { return 0 }
  let input = UnsafeRawBufferPointer(start: start, count: count)
  var dialect = CSVDialect()
  dialect.delimiter = [0x2C, 0x3B, 0x09, 0x7C][Int(input[0] & 3)]
  dialect.quoteMark = input[0] & 4 == 0 ? 0x22 : 0x27
  if input[0] & 8 != 0 { dialect.escape = 0x5C }
  if input[0] & 16 != 0 { dialect.comment = 0x23 }
  dialect.trim = input[0] & 32 != 0
  // A copy of just that size, so that the sanitizer sees who reads behind it.
  let bytes = Array(input[4...])
  compareScans(bytes, dialect)
  let ends = recordEnds(bytes, dialect)
  compareBoundaries(bytes, dialect, ends, cut: Int(input[1]) << 8 | Int(input[2]))
  readValues(bytes, dialect)
  // Ninety times the work: now and then.
  if input[3] == 0, bytes.count < 512 { _ = DialectGuess(pieces: [bytes], base: CSVDialect(), columnsMost: 64) }
  return 0
}

private func compareScans(_ bytes: [UInt8], _ dialect: CSVDialect) {
  var fast = [UInt32](repeating: 0, count: bytes.count)
  var slow = fast
  let found = tally_index(bytes, bytes.count, dialect.delimiter, dialect.quote, &fast)
  let expected = tally_index_scalar(bytes, bytes.count, dialect.delimiter, dialect.quote, &slow)
  precondition(found.irregular == expected.irregular, "regularity")
  if found.irregular != 0 { return }
  precondition(fast.prefix(found.count) == slow.prefix(expected.count), "positions")
  precondition(found.quotes == expected.quotes, "quotes")
  precondition(found.foreign == expected.foreign, "foreign bytes")
  precondition(found.nul == expected.nul, "zero bytes")
}

/// Where records end with a line feed, by the scanner; fields and unquoted values are looked at on the way.
private func recordEnds(_ bytes: [UInt8], _ dialect: CSVDialect) -> [Int] {
  let scanner = RecordScanner(dialect)
  let fieldText = FieldText(dialect)
  let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 64)
  let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
  defer {
    ends.deallocate()
    scratch.deallocate()
  }
  return bytes.withUnsafeBytes { text in
    var (found, start): ([Int], Int) = ([], 0)
    while start < text.count {
      let record = scanner.scan(text, from: start, ends: ends)
      precondition(record.next > start && record.next <= text.count && record.lastEnd <= record.next)
      let view = RecordView(
        block: text.baseAddress!, start: start, ends: UnsafePointer(ends.baseAddress!),
        count: min(record.fieldCount, ends.count), lastEnd: record.lastEnd, hasQuotes: true, isForeign: true,
        hasNUL: true)
      if !record.isComment, record.fieldCount <= ends.count {
        for index in 0..<view.count {
          let value = fieldText.value(of: view.field(index), scratch: scratch)
          precondition(value.count <= view.field(index).count)
        }
      }
      if record.next > record.lastEnd { found.append(record.next) }
      start = record.next
    }
    return found
  }
}

private func compareBoundaries(_ bytes: [UInt8], _ dialect: CSVDialect, _ ends: [Int], cut: Int) {
  var boundary = RecordBoundary(dialect)
  let place = cut % (bytes.count + 1)
  let first = bytes[..<place].withUnsafeBytes { boundary.feed($0) }
  let second = bytes[place...].withUnsafeBytes { boundary.feed($0) }
  precondition((second > 0 ? place + second : first) == ends.last ?? 0, "boundary")
}

private func readValues(_ bytes: [UInt8], _ dialect: CSVDialect) {
  bytes.withUnsafeBytes { text in
    let exact = NumberParser.parse(text)
    let format = NumberFormat(decimalMark: 0x2C, thousandsMark: 0x2E)
    _ = format.parse(text)
    // Whatever is an exact number is an IEEE number as well.
    if exact != nil { precondition(NumberParser.parseDouble(text) != nil) }
  }
  _ = RecordTexts.records(bytes, dialect, most: 50, columnsMost: 64)
}
