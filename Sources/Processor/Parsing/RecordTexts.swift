import TallySchema

/// Records of a piece of text, as texts.
enum RecordTexts {
  struct Record {
    var fields: [String]
    var isBad: Bool
    var hasQuotes: Bool
  }

  /// The whole records of a piece, at most so many; the last one only where it ends.
  ///
  /// - Parameter columnsMost: fields of a record that are looked at.
  static func records(
    _ piece: [UInt8], _ dialect: CSVDialect, most: Int, columnsMost: Int, skippingBlank: Bool = true
  ) -> [Record] {
    let scanner = RecordScanner(dialect)
    let fieldText = FieldText(dialect)
    let columnsMost = min(columnsMost, piece.count + 1)
    return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: columnsMost) { ends in
      withUnsafeTemporaryAllocation(byteCount: max(piece.count, 1), alignment: 16) { scratch in
        piece.withUnsafeBytes { text in
          var found: [Record] = []
          var start = 0
          while start < text.count, found.count < most {
            let record = scanner.scan(text, from: start, ends: ends)
            if record.next == text.count, text[text.count - 1] != 0x0A || record.problem?.0 == .unclosedQuote { break }
            defer { start = record.next }
            if record.isComment || (skippingBlank && record.fieldCount == 1 && record.lastEnd == start) { continue }
            let view = RecordView(
              block: text.baseAddress!, start: start, ends: UnsafePointer(ends.baseAddress!),
              count: min(record.fieldCount, columnsMost), lastEnd: record.lastEnd, hasQuotes: true, isForeign: true,
              hasNUL: true)
            var hasQuotes = false
            let fields = (0..<view.count).map { index in
              let raw = view.field(index)
              hasQuotes = hasQuotes || raw.first == dialect.quote
              return String(decoding: fieldText.value(of: raw, scratch: scratch.baseAddress!), as: UTF8.self)
            }
            found.append(Record(fields: fields, isBad: record.problem != nil, hasQuotes: hasQuotes))
          }
          return found
        }
      }
    }
  }
}
