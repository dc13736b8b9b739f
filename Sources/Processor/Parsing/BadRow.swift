import TallySchema

/// Why a row can't be used, and at which byte of its block. The text is made only when it is wanted.
struct BadRow {
  enum Kind {
    case ragged(expected: Int, found: Int)
    /// - Parameter isSwallowed: the field has line ends; its opening quote is to blame.
    case textAfterQuote(isSwallowed: Bool)
    case unclosedQuote
    /// In a file whose lines end in CR.
    case strayLineFeed
    case fieldTooLong(limitBytes: Int)
    case invalidUTF8(column: String)
    case notANumber(column: String, text: String, NumberProblem)
    case emptyNumber(column: String)
  }

  var kind: Kind
  /// Of the byte to blame, in the block.
  var offset: Int
  /// Where its record stands in the block, without the line end.
  var record: Range<Int> = 0..<0
  /// How many lines the record spans.
  var lines = 1

  /// The same row, counted from so many bytes before.
  func moved(by bytes: Int) -> BadRow {
    var row = self
    row.offset += bytes
    row.record = (record.lowerBound + bytes)..<(record.upperBound + bytes)
    return row
  }

  /// The same row with the lines that it spans counted. Where a quoted field swallows lines, it is blamed for what is wrong
  /// with the row's form, by the quote that opens it.
  func spanning(_ block: InputBlock, _ scanner: RecordScanner) -> BadRow {
    var row = self
    let record = UnsafeRawBufferPointer(rebasing: block.bytes[record])
    row.lines = 1 + block.lineEnds.count(record)
    if case .ragged = kind, row.lines > 1, let opening = scanner.swallowingQuote(in: record, block.lineEnds) {
      row.offset = self.record.lowerBound + opening
    }
    return row
  }

  var reason: String {
    switch kind {
    case .ragged: "RAGGED_ROW"
    case .textAfterQuote: "TEXT_AFTER_QUOTE"
    case .unclosedQuote: "UNCLOSED_QUOTE"
    case .strayLineFeed: "STRAY_LINE_FEED"
    case .fieldTooLong: "FIELD_TOO_LONG"
    case .invalidUTF8: "INVALID_UTF8"
    case .notANumber: "NOT_A_NUMBER"
    case .emptyNumber: "EMPTY_NUMBER"
    }
  }

  /// What was wrong and what to do, without a full stop.
  var rule: String {
    let swallowed =
      lines > 1 ? "; a quoted field in the row swallows line ends, so that the row spans \(lines) lines" : ""
    switch kind {
    case .ragged(let expected, let found):
      return "the row has \(found) field\(found == 1 ? "" : "s"), the header has \(expected)"
        + (lines > 1 ? swallowed + ". Is its closing quote missing?" : "")
    case .textAfterQuote(let isSwallowed):
      return isSwallowed
        ? "a quoted field opens here and has text after its closing quote\(swallowed). Is this quote meant as text? Then it "
          + "stands twice in a quoted field, or csv.quote is \"\""
        : "there is text after a closing quote; a quote inside a quoted field is written twice"
    case .unclosedQuote:
      return "a quote is opened here and never closed\(swallowed)"
    case .strayLineFeed:
      return "a line feed (LF) stands in a file whose lines end in CR. Write all its line ends in the same way"
    case .fieldTooLong(let limit): return "the field is longer than \(limit) bytes (fieldBytes)\(swallowed)"
    case .invalidUTF8(let column):
      return "the field is not valid UTF-8 (column \"\(Excerpt.of(column))\")\(swallowed)"
    case .notANumber(let column, let text, let problem):
      return problem.sentence(text: text, column: Excerpt.of(column)) + swallowed
    case .emptyNumber(let column):
      return
        "an empty field is not a number (column \"\(Excerpt.of(column))\"); name a null text (csv.null) if it stands for "
        + "no value\(swallowed)"
    }
  }

  /// The failure of a job that ends at this row.
  ///
  /// - Parameter skips: whether the job leaves bad rows out already; it isn't told to, then.
  func failure(file: String, line: Int, column: Int, skips: Bool = false) -> JobFailure {
    JobFailure(
      .invalidArgument, reason: reason,
      "\(file):\(line):\(column): \(rule)." + (skips ? "" : " To leave such rows out, use onBadRow: \"skip\"."),
      file: file,
      line: line, column: column)
  }
}
