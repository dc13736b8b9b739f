/// Sorts records by their keys: on eight bytes at a time, then what is equal on the eight bytes after them.
///
/// Multikey quicksort with cached words (Bentley and Sedgewick, "Fast Algorithms for Sorting and Searching Strings",
/// 1997): comparisons are of integers beside each other in memory, and a common prefix is read once.
enum KeySort {
  struct Entry {
    var word: UInt64
    var record: UnsafeRawPointer

    @inline(__always)
    var key: UnsafeRawBufferPointer { PartitionRecord(at: record).key }
  }

  /// Whether a sorted entry's key is another than that of the one before it.
  static func isFirst(_ index: Int, _ sorted: UnsafeMutableBufferPointer<Entry>) -> Bool {
    index == 0 || !KeyCodec.isEqual(sorted[index].key, sorted[index - 1].key)
  }

  static func sort(_ entries: UnsafeMutableBufferPointer<Entry>) {
    for index in entries.indices { entries[index].word = KeyCodec.word(entries[index].key, depth: 0) }
    sort(entries, depth: 0)
  }

  /// Sorts entries whose keys are equal up to `depth` and whose words begin there.
  private static func sort(_ entries: UnsafeMutableBufferPointer<Entry>, depth: Int) {
    WordSort.sort(entries)
    var start = 0
    while start < entries.count {
      var end = start + 1
      while end < entries.count, entries[end].word == entries[start].word { end += 1 }
      if end - start > 1 {
        breakTies(UnsafeMutableBufferPointer(rebasing: entries[start..<end]), depth: depth)
      }
      start = end
    }
  }

  /// Sorts entries whose words are equal: those that end here by their length, then the longer ones by what follows.
  private static func breakTies(_ entries: UnsafeMutableBufferPointer<Entry>, depth: Int) {
    var entries = entries
    var depth = depth
    while entries.count > 1 {
      var ending = 0
      var length = -1
      var lengthsDiffer = false
      for index in entries.indices {
        let rest = entries[index].key.count - depth
        guard rest <= 8 else { continue }
        lengthsDiffer = lengthsDiffer || (length >= 0 && rest != length)
        length = rest
        entries.swapAt(index, ending)
        ending += 1
      }
      if lengthsDiffer {
        let shorter = UnsafeMutableBufferPointer(rebasing: entries[..<ending])
        for index in shorter.indices { shorter[index].word = UInt64(shorter[index].key.count - depth) }
        WordSort.sort(shorter)
      }
      entries = UnsafeMutableBufferPointer(rebasing: entries[ending...])
      depth += 8
      guard entries.count > 1 else { return }
      var differ = false
      for index in entries.indices {
        entries[index].word = KeyCodec.word(entries[index].key, depth: depth)
        differ = differ || entries[index].word != entries[0].word
      }
      if differ { return sort(entries, depth: depth) }
    }
  }
}

/// Sorts entries by their words: quicksort with the median of three, insertion sort for what is short, and heap sort
/// where the pivots are bad (Musser, "Introspective Sorting and Selection Algorithms", 1997).
enum WordSort {
  typealias Entries = UnsafeMutableBufferPointer<KeySort.Entry>
  private static let insertionCount = 20

  static func sort(_ entries: Entries) {
    guard entries.count > 1, let base = entries.baseAddress else { return }
    sort(base, 0, entries.count - 1, depthLeft: 2 * (Int.bitWidth - entries.count.leadingZeroBitCount))
  }

  private static func sort(_ base: UnsafeMutablePointer<KeySort.Entry>, _ first: Int, _ last: Int, depthLeft: Int) {
    var (low, high, depthLeft) = (first, last, depthLeft)
    while high - low >= insertionCount {
      if depthLeft == 0 { return heapSort(base + low, high - low + 1) }
      depthLeft -= 1
      let pivot = median(base[low].word, base[(low + high) / 2].word, base[high].word)
      var (left, right) = (low, high)
      while left <= right {
        while base[left].word < pivot { left += 1 }
        while base[right].word > pivot { right -= 1 }
        if left <= right {
          (base[left], base[right]) = (base[right], base[left])
          left += 1
          right -= 1
        }
      }
      if right - low < high - left {
        sort(base, low, right, depthLeft: depthLeft)
        low = left
      } else {
        sort(base, left, high, depthLeft: depthLeft)
        high = right
      }
    }
    insertionSort(base, low, high)
  }

  private static func insertionSort(_ base: UnsafeMutablePointer<KeySort.Entry>, _ low: Int, _ high: Int) {
    guard low < high else { return }
    for index in (low + 1)...high {
      let entry = base[index]
      var place = index
      while place > low, base[place - 1].word > entry.word {
        base[place] = base[place - 1]
        place -= 1
      }
      base[place] = entry
    }
  }

  private static func heapSort(_ base: UnsafeMutablePointer<KeySort.Entry>, _ count: Int) {
    func sink(_ root: Int, _ end: Int) {
      var root = root
      while 2 * root + 1 < end {
        var child = 2 * root + 1
        if child + 1 < end, base[child].word < base[child + 1].word { child += 1 }
        if base[root].word >= base[child].word { return }
        (base[root], base[child]) = (base[child], base[root])
        root = child
      }
    }
    for root in stride(from: count / 2 - 1, through: 0, by: -1) { sink(root, count) }
    for end in stride(from: count - 1, to: 0, by: -1) {
      (base[0], base[end]) = (base[end], base[0])
      sink(0, end)
    }
  }

  @inline(__always)
  private static func median(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> UInt64 { max(min(a, b), min(max(a, b), c)) }
}
