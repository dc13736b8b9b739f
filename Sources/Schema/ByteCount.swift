/// Sizes in bytes as people write and read them.
public enum ByteCount {
  private static let units: [(suffix: String, factor: Int)] = [
    ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30), ("tib", 1 << 40), ("kb", 1_000), ("mb", 1_000_000),
    ("gb", 1_000_000_000), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("b", 1), ("", 1),
  ]

  /// `64MiB`, `2G`, `1000000`; nil for everything else.
  public static func parse(_ text: String) -> Int? {
    let text = text.lowercased()
    guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
    var digits = text.dropLast(unit.suffix.count)
    while digits.last == " " { digits.removeLast() }
    guard let value = Int(digits), value >= 0 else { return nil }
    let (bytes, overflow) = value.multipliedReportingOverflow(by: unit.factor)
    return overflow ? nil : bytes
  }

  /// `1.5 MiB`, with one decimal from KiB on.
  public static func text(_ bytes: Int) -> String {
    if bytes < 1 << 10 { return "\(bytes) B" }
    let names = ["KiB", "MiB", "GiB", "TiB"]
    var (value, index) = (Double(bytes) / 1_024, 0)
    while value >= 1_024, index < names.count - 1 { (value, index) = (value / 1_024, index + 1) }
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(names[index])"
  }
}
