import Schema

/// The header of a CSV file: its column names, exact, after a byte order mark.
struct CSVHeader: Equatable {
  var names: [String]
  /// Where the first record after it begins.
  var endOffset: Int
  /// The line of that record, from 1.
  var nextLine: Int

  /// Reads the file's first record.
  ///
  /// - Throws: ``JobFailure`` when there are no bytes, or the header can't be read.
  init(of file: InputFile, dialect: CSVDialect, limits: Limits) throws(JobFailure) {
    let bytes = try CSVHeader.firstRecord(of: file, dialect: dialect, limits: limits)
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let skipped = bytes.starts(with: mark) ? mark.count : 0
    let name = file.name
    if bytes.count == skipped {
      throw JobFailure(
        .invalidArgument, reason: "NO_HEADER", "\(name): the file is empty. It needs a header with the columns' names.",
        file: name, line: 1, column: 1)
    }
    let parsed: Result<[String], JobFailure> = bytes.withUnsafeBytes { whole in
      CSVHeader.names(UnsafeRawBufferPointer(rebasing: whole[skipped...]), dialect: dialect, limits: limits, file: name)
    }
    names = try parsed.get()
    endOffset = bytes.count
    nextLine = 1 + bytes.count { $0 == 0x0A }
  }

  /// The position of the one column of that name.
  ///
  /// - Throws: ``JobFailure`` when there is none, or more than one.
  func index(of column: String, file: String) throws(JobFailure) -> Int {
    let found = names.indices.filter { names[$0] == column }
    if found.count == 1 { return found[0] }
    if found.count > 1 {
      throw JobFailure(
        .invalidArgument, reason: "COLUMN_AMBIGUOUS",
        "\(file):1: the column '\(column)' stands \(found.count) times in the header. A used column needs a name of its own.",
        file: file, line: 1)
    }
    let known = names.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
    throw JobFailure(
      .invalidArgument, reason: "COLUMN_NOT_FOUND",
      "\(file):1: there is no column '\(column)'. The columns are \(known)\(names.count > 20 ? ", …" : "").",
      file: file, line: 1)
  }

  private static func firstRecord(
    of file: InputFile, dialect: CSVDialect, limits: Limits
  ) throws(JobFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    var boundary = RecordBoundary(dialect)
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let got: Result<Int, JobFailure> = piece.withUnsafeMutableBytes { space in
        Result { () throws(JobFailure) in try file.read(into: space, at: bytes.count) }
      }
      let count = try got.get()
      let isFirst = bytes.isEmpty
      bytes.append(contentsOf: piece[..<count])
      if count == 0 { return bytes }
      let start = isFirst && bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
      let fresh = piece[start..<count]
      let end = fresh.withUnsafeBytes { firstEnd(&boundary, $0) }
      if let end { return Array(bytes.prefix(bytes.count - count + start + end)) }
      if bytes.count > limits.recordBytes {
        throw JobFailure(
          .outOfRange, reason: "RECORD_TOO_LONG",
          "\(file.name):1:1: the header is longer than \(limits.recordBytes) bytes (recordBytes). Is this a CSV file?",
          file: file.name, line: 1, column: 1)
      }
    }
  }

  /// The end of the first record in the bytes, if one ends there. Byte by byte, so that the first isn't the last.
  private static func firstEnd(_ boundary: inout RecordBoundary, _ bytes: UnsafeRawBufferPointer) -> Int? {
    for index in 0..<bytes.count
    where boundary.feed(UnsafeRawBufferPointer(rebasing: bytes[index...index])) > 0 {
      return index + 1
    }
    return nil
  }

  private static func names(
    _ record: UnsafeRawBufferPointer, dialect: CSVDialect, limits: Limits, file: String
  ) -> Result<[String], JobFailure> {
    func bad(_ reason: String, _ message: String, at: Int) -> Result<[String], JobFailure> {
      .failure(
        JobFailure(
          .invalidArgument, reason: reason, "\(file):1:\(at + 1): \(message)", file: file, line: 1, column: at + 1))
    }
    let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: limits.columns)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: record.count, alignment: 1)
    defer {
      ends.deallocate()
      scratch.deallocate()
    }
    let scan = RecordScanner(dialect).scan(record, from: 0, ends: ends)
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
