/// Tells the partition of a key. Partitions are ranges of keys, split at keys of a sample, so that a finished partition
/// follows the one before it and nothing is merged.
///
/// `@unchecked Sendable`: nothing changes after `init`.
final class PartitionRouter: @unchecked Sendable {
  let count: Int
  private let splitters: [[UInt8]]
  /// What all splitters begin with: skipped, so that long common prefixes cost nothing.
  private let prefix: [UInt8]
  private let words: UnsafeMutableBufferPointer<UInt64>
  /// For each two bytes after the prefix: how many splitters stand before them.
  private let table: UnsafeMutableBufferPointer<UInt16>

  static let countMost = 4_096

  /// - Parameters:
  ///   - sample: keys of the file, in any order.
  ///   - isolatesRepeated: a key that the sample has twice gets a partition that ends with it, so that one with most of
  ///     the rows is alone in the end.
  init(sample: [[UInt8]], partitions wanted: Int, isolatesRepeated: Bool = false) {
    let sorted = sample.sorted { $0.lexicographicallyPrecedes($1) }
    let wanted = min(wanted, PartitionRouter.countMost)
    var chosen: [[UInt8]] = []
    if wanted > 1, !sorted.isEmpty {
      for index in 1..<wanted {
        let place = index * sorted.count / wanted
        let key = sorted[place]
        if chosen.last != key, !key.isEmpty, chosen.last.map({ $0.lexicographicallyPrecedes(key) }) ?? true {
          chosen.append(key)
        }
        // The least key behind it.
        let isRepeated =
          (place > 0 && sorted[place - 1] == key) || (place + 1 < sorted.count && sorted[place + 1] == key)
        if isolatesRepeated, isRepeated, chosen.last.map({ $0.lexicographicallyPrecedes(key + [0]) }) ?? true {
          chosen.append(key + [0])
        }
      }
    }
    splitters = chosen
    count = chosen.count + 1
    prefix = PartitionRouter.commonPrefix(chosen)
    words = .allocate(capacity: max(chosen.count, 1))
    table = .allocate(capacity: 65_537)
    let depth = prefix.count
    for (index, key) in chosen.enumerated() {
      words[index] = key.withUnsafeBytes { KeyCodec.word($0, depth: depth) }
    }
    var next = 0
    for pair in 0...65_536 {
      while next < chosen.count, words[next] >> 48 < UInt64(pair) { next += 1 }
      table[pair] = UInt16(next)
    }
  }

  deinit {
    words.deallocate()
    table.deallocate()
  }

  /// The number of the partition, from 0: how many splitters are at most the key.
  @inline(__always)
  func partition(of key: UnsafeRawBufferPointer) -> Int {
    if count == 1 { return 0 }
    let depth = prefix.count
    if depth > 0 {
      let order = compareWithPrefix(key)
      if order != 0 { return order < 0 ? 0 : count - 1 }
    }
    let word = KeyCodec.word(key, depth: depth)
    let pair = Int(word >> 48)
    var (low, high) = (Int(table[pair]), Int(table[pair + 1]))
    while low < high {
      let middle = (low + high) / 2
      if words[middle] < word || (words[middle] == word && isAtMost(splitter: middle, key)) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /// How the key's beginning compares with the prefix: -1, 0, 1; a key that ends inside it is less.
  private func compareWithPrefix(_ key: UnsafeRawBufferPointer) -> Int {
    for index in 0..<min(prefix.count, key.count) where key[index] != prefix[index] {
      return key[index] < prefix[index] ? -1 : 1
    }
    return key.count < prefix.count ? -1 : 0
  }

  private func isAtMost(splitter index: Int, _ key: UnsafeRawBufferPointer) -> Bool {
    splitters[index].withUnsafeBytes { !KeyCodec.isLess(key, $0) }
  }

  private static func commonPrefix(_ sorted: [[UInt8]]) -> [UInt8] {
    guard let first = sorted.first, let last = sorted.last, sorted.count > 1 else { return [] }
    return Array(zip(first, last).prefix { $0 == $1 }.map(\.0))
  }
}
