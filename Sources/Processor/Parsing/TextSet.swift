#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Texts among which a field is looked up by its bytes, without a copy: a few compared one by one, many by bisection.
struct TextSet: Sendable {
  /// By their length, then by their bytes; each once.
  private let texts: [[UInt8]]
  /// Where the texts of each length begin, up to the longest.
  private let starts: [Int]

  init(_ given: [[UInt8]]) {
    var sorted = given.sorted { $0.count != $1.count ? $0.count < $1.count : $0.lexicographicallyPrecedes($1) }
    var kept = 0
    for index in sorted.indices where index == 0 || sorted[index] != sorted[kept - 1] {
      sorted[kept] = sorted[index]
      kept += 1
    }
    texts = Array(sorted.prefix(kept))
    var starts: [Int] = []
    for (index, text) in texts.enumerated() { while starts.count <= text.count { starts.append(index) } }
    self.starts = starts + [texts.count]
  }

  var isEmpty: Bool { texts.isEmpty }

  func contains(_ field: UnsafeRawBufferPointer) -> Bool {
    let length = field.count
    guard length + 1 < starts.count else { return false }
    var (low, high) = (starts[length], starts[length + 1])
    if length == 0 { return high > low }
    while low < high {
      let middle = (low + high) / 2
      let order = texts[middle].withUnsafeBytes { memcmp($0.baseAddress!, field.baseAddress!, length) }
      if order == 0 { return true }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return false
  }
}
