/// Formats that people take for CSV, known by their first bytes.
enum FileFormat {
  /// Bytes of a file's beginning that are looked at.
  static let headBytes = 16

  private static let known: [(head: [UInt8], what: String, advice: String)] = [
    ([0x50, 0x4B, 0x03, 0x04], "a zip archive", "Unpack it, and name a file that was in it"),
    ([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "an old Excel workbook or another OLE file", "Save it as CSV"),
    (Array("BZh".utf8), "compressed by bzip2", "Expand it, or compress it by gzip or zstd instead"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "compressed by xz", "Expand it, or compress it by gzip or zstd instead"),
    ([0x04, 0x22, 0x4D, 0x18], "compressed by lz4", "Expand it, or compress it by gzip or zstd instead"),
    ([0x1F, 0x9D], "compressed by compress (.Z)", "Expand it, or compress it by gzip or zstd instead"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7-Zip archive", "Unpack it, and name a file that was in it"),
    (Array("PAR1".utf8), "a Parquet file", "Write it as CSV"),
    (Array("ARROW1".utf8) + [0, 0], "an Arrow file", "Write it as CSV"),
    (Array("Obj".utf8) + [1], "an Avro file", "Write it as CSV"),
    (Array("SQLite format 3".utf8) + [0], "an SQLite database", "Export a table of it as CSV"),
    (Array("%PDF-".utf8), "a PDF document", "Export its data as CSV"),
  ]

  /// What a file is that isn't text, and what to do about it; nil where its beginning may be text.
  ///
  /// - Parameters:
  ///   - head: of the file, or of what it expands to.
  ///   - name: of the file.
  static func foreign(_ head: [UInt8], name: String) -> (what: String, advice: String)? {
    guard let found = known.first(where: { head.starts(with: $0.head) }) else { return nil }
    switch found.what {
    case "a zip archive" where name.utf8.suffix(5).elementsEqual(".xlsx".utf8):
      return ("an Excel workbook", "Save it as CSV")
    // Letters that a text may begin with: the block's size and a magic number follow, a length, or a version.
    case "compressed by bzip2":
      guard head.count >= 10, (0x31...0x39).contains(head[3]), head[4..<10] == [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
      else {
        return nil
      }
    case "a Parquet file": guard head.contains(where: { $0 < 0x09 || (0x0E...0x1F).contains($0) }) else { return nil }
    case "a PDF document":
      guard head.count >= 7, head[5] == UInt8(ascii: "1"), head[6] == UInt8(ascii: ".") else { return nil }
    default: break
    }
    return (found.what, found.advice)
  }
}
