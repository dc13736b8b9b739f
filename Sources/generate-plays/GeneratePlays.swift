#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes a file of plays to standard output: by default of the shape of the replaced application's, `Song,Date,Number of
/// Plays`, 100,000 songs of 10 characters, the dates of 2020 (12 months of 28 days), 50 to 1,000 plays, lines ended by
/// CR LF. The same bytes for the same arguments on every machine.
///
/// Usage: `generate-plays ROWS [--varied | --shape NAME] [--seed N]`.
@main
enum GeneratePlays {
  static func main() {
    var arguments = Array(CommandLine.arguments.dropFirst())
    var shape = Shape.plain
    var random = Xorshift()
    if let index = arguments.firstIndex(of: "--varied") {
      shape = .varied
      arguments.remove(at: index)
    }
    if let name = value(of: "--shape", in: &arguments) {
      guard let known = Shape(rawValue: name) else { refuse() }
      shape = known
    }
    if let text = value(of: "--seed", in: &arguments) {
      guard let seed = UInt64(text), seed > 0 else { refuse() }
      random = Xorshift(state: seed)
    }
    guard arguments.count == 1, let rows = Int(arguments[0]), rows >= 0 else { refuse() }
    var output = Output()
    PlaysWriter(shape: shape, random: &random).write(rows, &random, to: &output)
    output.flush()
  }

  private static func value(of option: String, in arguments: inout [String]) -> String? {
    guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count else { return nil }
    defer { arguments.removeSubrange(index...(index + 1)) }
    return arguments[index + 1]
  }

  private static func refuse() -> Never {
    let shapes = Shape.allCases.map(\.rawValue).joined(separator: " ")
    let usage = "usage: generate-plays ROWS [--varied | --shape NAME] [--seed N] > file\nshapes: \(shapes)\n"
    Output.write(Array(usage.utf8)[...], to: 2)
    exit(64)
  }
}

/// What the rows look like.
enum Shape: String, CaseIterable {
  case plain
  /// Songs of 1 to 24 characters.
  case varied
  /// Every field in quotes.
  case quoted
  /// 30 columns, of which three are the usual ones.
  case wide
  /// In the order of the answer.
  case sorted
  /// One song on one day.
  case oneKey = "one-key"
  /// Songs of 10 KiB.
  case longKeys = "long-keys"
  /// Songs that share their first KiB.
  case prefix
  /// Songs that share their first and last twelve bytes, and differ in a bit or two between them.
  case crowded
  /// Every song another.
  case distinct
}

/// Standard output, by the mebibyte.
struct Output {
  private var text: [UInt8] = []

  static func += (output: inout Output, bytes: [UInt8]) {
    output.text += bytes
    if output.text.count > 1 << 20 { output.flush() }
  }

  mutating func flush() {
    Output.write(text[...], to: 1)
    text.removeAll(keepingCapacity: true)
  }

  static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
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
