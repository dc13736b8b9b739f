public import Schema

/// The first rows of a CSV file, as texts, for people to look at.
public enum CSVPreview {
  /// - Parameters:
  ///   - bytes: the file's beginning; a record that is cut off at its end is left out.
  ///   - isWhole: the bytes are the whole file.
  ///   - rowsMost: records, the header among them.
  public static func rows(
    _ bytes: [UInt8], isWhole: Bool, dialect: CSVDialect = CSVDialect(), rowsMost: Int
  ) -> [[String]] {
    let skipped = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let columnsMost = Limits.standard.columns
    let ends = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: columnsMost)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 16)
    defer {
      ends.deallocate()
      scratch.deallocate()
    }
    let scanner = RecordScanner(dialect)
    let fieldText = FieldText(dialect)
    return bytes.withUnsafeBytes { all in
      let text = UnsafeRawBufferPointer(rebasing: all[skipped...])
      var rows: [[String]] = []
      var start = 0
      while start < text.count, rows.count < rowsMost {
        let record = scanner.scan(text, from: start, ends: ends)
        if record.next == text.count, !isWhole, text.last != 0x0A { break }
        if record.lastEnd > start || record.fieldCount > 1 {
          let view = RecordView(
            block: text.baseAddress!, start: start, ends: UnsafePointer(ends.baseAddress!),
            count: min(record.fieldCount, columnsMost), lastEnd: record.lastEnd, hasQuotes: true, isForeign: true,
            hasNUL: true)
          rows.append(
            (0..<view.count).map { index in
              let field = fieldText.value(of: view.field(index), scratch: scratch)
              return String(decoding: field, as: UTF8.self)
            })
        }
        start = record.next
      }
      return rows
    }
  }
}
