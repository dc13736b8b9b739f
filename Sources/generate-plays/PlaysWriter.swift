/// Makes rows of a shape.
struct PlaysWriter {
  private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789 ".utf8)
  private static let songs = 100_000
  private static let filler = Array("lorem,ipsum dolor,17,sit amet,0.25,".utf8)

  private let shape: Shape
  private let names: [[UInt8]]
  private let dates: [[UInt8]]

  init(shape: Shape, random: inout Xorshift) {
    self.shape = shape
    names = PlaysWriter.names(shape, &random)
    dates = (1...12).flatMap { month in
      (1...28).map { day in Array("2020-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)".utf8) }
    }
  }

  private static func names(_ shape: Shape, _ random: inout Xorshift) -> [[UInt8]] {
    func text(_ length: Int) -> [UInt8] { (0..<length).map { _ in alphabet[Int(random.next() % 37)] } }
    switch shape {
    case .plain, .quoted, .wide, .distinct: return (0..<songs).map { _ in text(10) }
    case .varied: return (0..<songs).map { _ in text(Int(1 + random.next() % 24)) }
    case .sorted: return (0..<songs).map { _ in text(10) }.sorted { $0.lexicographicallyPrecedes($1) }
    case .oneKey: return [text(10)]
    case .longKeys:
      let long = text(10_230)
      return (0..<2_000).map { _ in text(5) + long + text(5) }
    case .prefix:
      let prefix = text(1_024)
      return (0..<songs).map { _ in prefix + text(10) }
    case .crowded:
      return (0..<songs).map { number in
        let middle = (0..<17).map { bit -> UInt8 in number >> bit & 1 == 1 ? 0x61 : 0x62 }
        return Array("aaaaaaaaaaaa".utf8) + middle + Array("aaaaaaaaaaaa".utf8)
      }
    }
  }

  func write(_ rows: Int, _ random: inout Xorshift, to output: inout Output) {
    output += header
    let plays = (50...1_000).map { Array("\($0)".utf8) }
    var row: [UInt8] = []
    for number in 0..<rows {
      var song = Int(random.next() % UInt64(names.count))
      var date = Int(random.next() % 12) * 28
      date += Int(random.next() % 28)
      if shape == .sorted {
        let group = number * (names.count * dates.count) / rows
        (song, date) = (group / dates.count, group % dates.count)
      }
      if shape == .oneKey { date = 0 }
      let count = plays[Int(random.next() % 951)]
      row.removeAll(keepingCapacity: true)
      switch shape {
      case .quoted:
        row += Array("\"".utf8) + names[song] + Array("\",\"".utf8) + dates[date] + Array("\",\"".utf8) + count
        row += Array("\"".utf8)
      case .wide:
        row += PlaysWriter.filler + names[song] + Array(",".utf8) + PlaysWriter.filler + PlaysWriter.filler
        row += dates[date] + Array(",".utf8) + PlaysWriter.filler + count + Array(",".utf8) + PlaysWriter.filler
        row += Array("end,of".utf8)
      case .distinct:
        row += Array("song \(number)".utf8) + Array(",".utf8) + dates[date] + Array(",".utf8) + count
      default: row += names[song] + Array(",".utf8) + dates[date] + Array(",".utf8) + count
      }
      output += row + [0x0D, 0x0A]
    }
  }

  private var header: [UInt8] {
    switch shape {
    case .quoted: return Array("\"Song\",\"Date\",\"Number of Plays\"\r\n".utf8)
    case .wide:
      var names = (1...30).map { "Column \($0)" }
      (names[5], names[16], names[22]) = ("Song", "Date", "Number of Plays")
      return Array((names.joined(separator: ",") + "\r\n").utf8)
    default: return Array("Song,Date,Number of Plays\r\n".utf8)
    }
  }
}
