import TallySchema

/// Guesses how a CSV file is written, from pieces of its text that each begin with a record: the delimiter and quote for
/// which records have the same number of fields, and more than one (the idea of van den Burg et al., "Wrangling Messy CSV
/// Files by Detecting Row and Type Patterns", 2019, without its types).
struct DialectGuess {
  private static let delimiters: [UInt8] = Array(",;\t|:^~ ".utf8)
  private static let quotes: [UInt8] = Array("\"'".utf8)

  var dialect: CSVDialect
  /// From 0 to 1: the share of records that have the usual number of fields, less where another dialect fits as well.
  var confidence: Double

  /// - Parameters:
  ///   - base: what is known.
  ///   - columnsMost: fields of a record that are looked at.
  init(pieces: [[UInt8]], base: CSVDialect, columnsMost: Int) {
    var best: (dialect: CSVDialect, score: Double, share: Double) = (base, -1, 0)
    var second = 0.0
    for delimiter in DialectGuess.delimiters {
      for quote in DialectGuess.quotes {
        var dialect = base
        dialect.delimiter = delimiter
        dialect.quoteMark = quote
        let (score, share) = DialectGuess.score(pieces, dialect, columnsMost)
        if score > best.score {
          if best.dialect.delimiter != delimiter { second = max(second, best.score) }
          best = (dialect, score, share)
        } else if best.dialect.delimiter != delimiter {
          second = max(second, score)
        }
      }
    }
    dialect = best.dialect
    confidence = best.score <= 0 ? 0 : best.share * (second >= best.score * 0.9 ? 0.5 : 1)
    dialect.header = DialectGuess.looksLikeHeader(pieces, dialect, columnsMost)
  }

  /// How well records agree: the share with the usual number of fields, times a bonus for each field more than one, less
  /// for quotes in odd places.
  private static func score(
    _ pieces: [[UInt8]], _ dialect: CSVDialect, _ columnsMost: Int
  ) -> (score: Double, share: Double) {
    var counts: [Int: Int] = [:]
    var (records, problems, quoted) = (0, 0, 0)
    for record in pieces.lazy.flatMap({ RecordTexts.records($0, dialect, most: 200, columnsMost: columnsMost) }) {
      records += 1
      counts[record.fields.count, default: 0] += 1
      if record.isBad { problems += 1 }
      if record.hasQuotes { quoted += 1 }
    }
    guard records > 0, let usual = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return (0, 0) }
    let share = Double(usual.value) / Double(records) * (1 - Double(problems) / Double(records))
    // One column is what every text has.
    if usual.key == 1 { return (share * 0.01, share) }
    let quotes = quoted > 0 ? 1.05 : 1.0
    return (share * share * (1 + Double(min(usual.key, 50)) / 100) * quotes, share)
  }

  /// The first record is one of names: no number stands in it, no two names are equal, and none is empty.
  private static func looksLikeHeader(_ pieces: [[UInt8]], _ dialect: CSVDialect, _ columnsMost: Int) -> Bool {
    let first = pieces.first.flatMap { RecordTexts.records($0, dialect, most: 1, columnsMost: columnsMost).first }
    guard let first else { return true }
    let isNumber = { (text: String) in Array(text.utf8).withUnsafeBytes { NumberParser.parseDouble($0) } != nil }
    return !first.fields.contains(where: { $0.isEmpty || isNumber($0) })
      && Set(first.fields.map(UTF8Key.init)).count == first.fields.count
  }
}
