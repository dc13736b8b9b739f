import Schema

/// Why a row can't be used, and at which byte of its block. The text is made only when it is wanted.
struct BadRow {
  enum Kind {
    case ragged(expected: Int, found: Int)
    case textAfterQuote
    case unclosedQuote
    case fieldTooLong(limitBytes: Int)
    case invalidUTF8(column: String)
    case notANumber(column: String, text: String)
    case emptyNumber(column: String)
  }

  var kind: Kind
  /// Of the byte to blame, in the block.
  var offset: Int
  /// Where its record stands in the block, without the line end.
  var record: Range<Int> = 0..<0

  /// The same row, counted from so many bytes before.
  func moved(by bytes: Int) -> BadRow {
    BadRow(
      kind: kind, offset: offset + bytes, record: (record.lowerBound + bytes)..<(record.upperBound + bytes))
  }

  var reason: String {
    switch kind {
    case .ragged: "RAGGED_ROW"
    case .textAfterQuote: "TEXT_AFTER_QUOTE"
    case .unclosedQuote: "UNCLOSED_QUOTE"
    case .fieldTooLong: "FIELD_TOO_LONG"
    case .invalidUTF8: "INVALID_UTF8"
    case .notANumber: "NOT_A_NUMBER"
    case .emptyNumber: "EMPTY_NUMBER"
    }
  }

  var rule: String {
    switch kind {
    case .ragged(let expected, let found):
      "the row has \(found) field\(found == 1 ? "" : "s"), the header has \(expected)"
    case .textAfterQuote: "there is text after a closing quote; a quote inside a quoted field is written twice"
    case .unclosedQuote: "a quote is opened here and never closed"
    case .fieldTooLong(let limit): "the field is longer than \(limit) bytes (fieldBytes)"
    case .invalidUTF8(let column): "the field is not valid UTF-8 (column \"\(column)\")"
    case .notANumber(let column, let text):
      "'\(text)' is not a number of at most 38 digits, 18 of them after the point (column \"\(column)\")"
    case .emptyNumber(let column):
      "an empty field is not a number (column \"\(column)\"); name a null text (csv.null) if it stands for no value"
    }
  }

  /// The failure of a job that ends at this row.
  func failure(file: String, line: Int, column: Int) -> JobFailure {
    JobFailure(
      .invalidArgument, reason: reason,
      "\(file):\(line):\(column): \(rule). Use onBadRow: \"skip\" to leave such rows out.", file: file, line: line,
      column: column)
  }
}
