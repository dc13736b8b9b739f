public import TallySchema

/// The first rows of a CSV file, as texts, for people to look at.
public enum CSVPreview {
  /// - Parameters:
  ///   - bytes: the file's beginning; a record that is cut off at its end is left out.
  ///   - isWhole: the bytes are the whole file.
  ///   - rowsMost: records, the header among them.
  ///   - columnsMost: fields of a record, at most.
  public static func rows(
    _ bytes: [UInt8], isWhole: Bool, dialect: CSVDialect = CSVDialect(), rowsMost: Int, columnsMost: Int
  ) -> [[String]] {
    var text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    // A last line without its end is as good as one with it.
    if isWhole, text.last != 0x0A { text.append(0x0A) }
    return RecordTexts.records(text, dialect, most: rowsMost, columnsMost: columnsMost, skippingBlank: true).map(
      \.fields)
  }
}
