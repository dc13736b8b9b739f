#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes a file of the shape of the replaced application's to standard output: `Song,Date,Number of Plays`, 100,000
/// songs, the dates of 2020 (12 months of 28 days), 50 to 1,000 plays, lines ended by CR LF. The same bytes for the same
/// arguments on every machine.
///
/// Usage: `generate-plays ROWS [--varied] [--seed N]`. Songs have 10 characters; with `--varied` 1 to 24.
@main
enum GeneratePlays {
  private static let songs = 100_000
  private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789 ".utf8)

  static func main() {
    var arguments = CommandLine.arguments.dropFirst()
    let isVaried = arguments.contains("--varied")
    arguments.removeAll { $0 == "--varied" }
    var random = Xorshift()
    if let index = arguments.firstIndex(of: "--seed"), let seed = UInt64(arguments.last ?? ""), seed > 0 {
      random = Xorshift(state: seed)
      arguments.removeSubrange(index...)
    }
    guard arguments.count == 1, let rows = Int(arguments.first ?? ""), rows >= 0 else {
      write(Array("usage: generate-plays ROWS [--varied] [--seed N] > file\n".utf8)[...], to: 2)
      exit(64)
    }
    let names = (0..<songs).map { _ in
      (0..<(isVaried ? Int(1 + random.next() % 24) : 10)).map { _ in alphabet[Int(random.next() % 37)] }
    }
    write(rows, names, &random)
  }

  private static func write(_ rows: Int, _ names: [[UInt8]], _ random: inout Xorshift) {
    var text: [UInt8] = Array("Song,Date,Number of Plays\r\n".utf8)
    text.reserveCapacity(1 << 20)
    let months = (1...12).map { Array(",2020-\($0 < 10 ? "0" : "")\($0)-".utf8) }
    let days = (1...28).map { Array("\($0 < 10 ? "0" : "")\($0),".utf8) }
    let plays = (50...1_000).map { Array("\($0)\r\n".utf8) }
    for _ in 0..<rows {
      text += names[Int(random.next() % UInt64(songs))]
      text += months[Int(random.next() % 12)]
      text += days[Int(random.next() % 28)]
      text += plays[Int(random.next() % 951)]
      if text.count > (1 << 20) - 256 { flush(&text) }
    }
    flush(&text)
  }

  private static func flush(_ text: inout [UInt8]) {
    write(text[...], to: 1)
    text.removeAll(keepingCapacity: true)
  }

  private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
    var rest = bytes
    while !rest.isEmpty {
      #if canImport(Darwin)
        let count = rest.withUnsafeBytes { Darwin.write(descriptor, $0.baseAddress, $0.count) }
      #else
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      #endif
      if count < 0 {
        perror("generate-plays")
        exit(1)
      }
      rest = rest.dropFirst(count)
    }
  }
}

/// Marsaglia, "Xorshift RNGs", 2003: enough for a test file, and the same everywhere.
struct Xorshift {
  var state: UInt64 = 88_172_645_463_325_252

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
