import TallySchema

/// The header of a CSV file: its column names, exact, after a byte order mark, skipped lines and comments. A file without
/// one has columns that are called by their numbers, as many as its first record has fields.
struct CSVHeader: Equatable {
  var names: [String]
  /// Where the first record after it begins, in the text.
  var endOffset: Int
  /// The line of that record, from 1.
  var nextLine: Int
  /// The line on which the header begins, from 1.
  var line = 1

  /// Reads the text up to its first record.
  ///
  /// - Throws: ``JobFailure`` when there are no bytes, or the header can't be read.
  init(of text: InputText, dialect: CSVDialect, limits: Limits) throws(JobFailure) {
    let name = text.file.name
    let bytes = try CSVHeader.beginning(of: text, dialect: dialect, limits: limits)
    guard let place = bytes.record else { throw CSVHeader.noRecord(bytes.text, dialect, name, text.lineEnds) }
    let line = 1 + text.lineEnds.count(in: bytes.text[..<place.lowerBound])
    let parsed: Result<[String], JobFailure> = bytes.text.withUnsafeBytes { whole in
      CSVHeader.names(
        UnsafeRawBufferPointer(rebasing: whole[place]), dialect: dialect, limits: limits, file: name, line: line)
    }
    self.line = line
    let found = try parsed.get()
    names = dialect.header ? found : (1...max(found.count, 1)).map(String.init)
    endOffset = dialect.header ? place.upperBound : place.lowerBound
    nextLine = dialect.header ? line + text.lineEnds.count(in: bytes.text[place]) : line
  }

  /// How another header differs, as a part of a sentence; nil: it has the same names, byte by byte.
  func difference(to other: CSVHeader) -> String? {
    for (index, (name, found)) in zip(names, other.names).enumerated() where !name.hasSameBytes(as: found) {
      return "column \(index + 1) is '\(Excerpt.of(found))', not '\(Excerpt.of(name))'"
    }
    if names.count == other.names.count { return nil }
    let (more, isMissing) = names.count > other.names.count ? (names, true) : (other.names, false)
    let first = more[min(names.count, other.names.count)]
    return
      "it has \(other.names.count) columns, not \(names.count): '\(Excerpt.of(first))' is \(isMissing ? "missing" : "one more")"
  }

  /// Why there is no record to read names from.
  private static func noRecord(
    _ text: [UInt8], _ dialect: CSVDialect, _ name: String, _ lineEnds: LineEnds
  ) -> JobFailure {
    let wanted = dialect.header ? "a header with the columns' names" : "a record"
    let lines = lineEnds.count(in: text[...]) + (text.last.map { $0 != 0x0A } ?? false ? 1 : 0)
    let why =
      if text.isEmpty {
        "the file is empty. It needs \(wanted)"
      } else if dialect.skipLines >= lines {
        "the file has \(lines) line\(lines == 1 ? "" : "s"), and csv.skipLines leaves out \(dialect.skipLines). Behind them, it "
          + "needs \(wanted)"
      } else {
        "the file has nothing but blank lines and comments\(dialect.skipLines > 0 ? " behind its first \(dialect.skipLines)" : ""). It needs \(wanted)"
      }
    return JobFailure(.invalidArgument, reason: "NO_HEADER", "\(name): \(why).", file: name, line: 1, column: 1)
  }

  /// The text up to the end of its first record, and where that stands; no place when there is none.
  private static func beginning(
    of text: InputText, dialect: CSVDialect, limits: Limits
  ) throws(JobFailure) -> (text: [UInt8], record: Range<Int>?) {
    let source = try text.open(at: 0, counters: nil)
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let got: Result<Int, JobFailure> = piece.withUnsafeMutableBytes { space in
        Result { () throws(JobFailure) in try source.read(into: space) }
      }
      let count = try got.get()
      bytes.append(contentsOf: piece[..<count])
      let isWhole = count < piece.count
      if let place = firstRecord(bytes, isWhole: isWhole, dialect: dialect) { return (bytes, place) }
      if isWhole { return (bytes, nil) }
      if bytes.count > limits.recordBytes {
        throw JobFailure(
          .outOfRange, reason: "RECORD_TOO_LONG",
          "\(text.file.name):1:1: no header ends in the first \(limits.recordBytes) bytes (recordBytes). Is this a CSV file?",
          file: text.file.name, line: 1, column: 1)
      }
      // Twice as much each time: what has been read is looked at again.
      piece = [UInt8](repeating: 0, count: bytes.count)
    }
  }

  /// Where the first record stands, if it is there as a whole.
  static func firstRecord(_ bytes: [UInt8], isWhole: Bool, dialect: CSVDialect) -> Range<Int>? {
    var start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    for _ in 0..<dialect.skipLines {
      guard let end = bytes[start...].firstIndex(of: 0x0A) else { return nil }
      start = end + 1
    }
    let scanner = RecordScanner(dialect)
    let none = UnsafeMutableBufferPointer<UInt32>(start: nil, count: 0)
    var blank: Range<Int>?
    return bytes.withUnsafeBytes { text in
      while start < text.count {
        let record = scanner.scan(text, from: start, ends: none)
        let isEnded = record.next > record.lastEnd && record.next <= text.count && text[record.next - 1] == 0x0A
        guard isEnded || isWhole else { return nil }
        let isBlank = record.fieldCount == 1 && record.lastEnd == start
        if isBlank {
          blank = blank ?? start..<record.next
        } else if !record.isComment {
          // Blank lines before a file's first record are skipped, but where it has one column: there they are values.
          return record.fieldCount == 1 ? blank ?? start..<record.next : start..<record.next
        }
        start = record.next
      }
      return isWhole ? blank : nil
    }
  }

  private static func names(
    _ record: UnsafeRawBufferPointer, dialect: CSVDialect, limits: Limits, file: String, line: Int
  ) -> Result<[String], JobFailure> {
    func bad(_ reason: String, _ message: String, at: Int) -> Result<[String], JobFailure> {
      .failure(
        JobFailure(
          .invalidArgument, reason: reason, "\(file):\(line):\(at + 1): \(message)", file: file, line: line,
          column: at + 1))
    }
    let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: limits.columns)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: record.count, alignment: 1)
    defer {
      ends.deallocate()
      scratch.deallocate()
    }
    let scan = RecordScanner(dialect).scan(record, from: 0, ends: ends)
    if dialect.header, let place = RecordScanner(dialect).loneReturn(in: record) {
      return bad(
        "LONE_CARRIAGE_RETURN",
        "a carriage return (CR) stands in the header, outside quotes. Where the file's lines end in CR, say so with "
          + "csv.lineEnd: \"cr\"; else write all its line ends in the same way.", at: place)
    }
    if let problem = scan.problem {
      let isOpen = problem.0 == .unclosedQuote
      return bad(
        isOpen ? "UNCLOSED_QUOTE" : "TEXT_AFTER_QUOTE",
        isOpen
          ? "a quote is opened in the header and never closed." : "there is text after a closing quote in the header.",
        at: problem.at)
    }
    if scan.fieldCount > limits.columns {
      return bad(
        "TOO_MANY_COLUMNS", "the header has \(scan.fieldCount) columns; the limit (columns) is \(limits.columns).",
        at: 0)
    }
    var names: [String] = []
    var start = 0
    for index in 0..<scan.fieldCount {
      let field = UnsafeRawBufferPointer(rebasing: record[start..<Int(ends[index])])
      let value = FieldText(dialect).value(of: field, scratch: scratch)
      guard let text = String(validating: value, as: UTF8.self) else {
        return bad("INVALID_UTF8", "the header is not valid UTF-8.", at: start)
      }
      names.append(text)
      start = Int(ends[index]) + 1
    }
    return .success(names)
  }
}
