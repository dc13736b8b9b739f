/// What the dictionaries of all threads mean, once every row has been read: the rank of each number among its column's
/// values, and the values' text for the output.
///
/// The first column's ranks are found partition by partition, by whoever finishes one; the others' here, once.
///
/// `@unchecked Sendable`: nothing changes after `init` but the first column's ranks, each of which is written and read
/// only by the thread that finishes its partition.
final class CodedRanks: @unchecked Sendable {
  /// One column's values in order, over all threads.
  struct Column {
    var count = 0
    /// For each thread, by number.
    var ranks: [UnsafeMutablePointer<UInt32>] = []
    var texts = RankedTexts()
  }

  /// Ready-made texts of fields, by rank; 31 bytes behind each may be read.
  struct RankedTexts {
    struct Extent {
      var offset: Int
      var bytes: Int
    }
    var places: UnsafeMutablePointer<Extent>?
    var bytes: UnsafeMutableRawPointer?
    var longest = 0
  }

  let dictionaries: [ThreadDictionaries]
  let columns: [Column]
  /// For each thread: the first column's numbers, ordered by their partition, and where each partition's begin.
  private let numbers: [UnsafeMutablePointer<UInt32>]
  private let starts: [UnsafeMutablePointer<UInt32>]
  private let pages: [PageBuffer]

  init(
    _ dictionaries: [ThreadDictionaries], partitions: Int, printer: GroupPrinter, budget: MemoryBudget
  ) throws(BudgetExceeded) {
    var memory = RankMemory(budget: budget)
    let columnCount = dictionaries.first?.columns.count ?? 0
    var columns: [Column] = []
    for column in 0..<columnCount {
      var made = Column()
      for thread in dictionaries {
        made.ranks.append(try memory.array(of: UInt32.self, count: thread.columns[column].count))
      }
      if column > 0 { try made.rank(column, dictionaries, printer, &memory) }
      columns.append(made)
    }
    var numbers: [UnsafeMutablePointer<UInt32>] = []
    var starts: [UnsafeMutablePointer<UInt32>] = []
    for thread in dictionaries {
      let first = thread.columns[0]
      let places = try memory.array(of: UInt32.self, count: partitions + 1)
      let ordered = try memory.array(of: UInt32.self, count: first.count)
      CodedRanks.order(first, by: partitions, places, ordered)
      starts.append(places)
      numbers.append(ordered)
    }
    self.dictionaries = dictionaries
    self.columns = columns
    self.numbers = numbers
    self.starts = starts
    pages = memory.pages
  }

  /// The entries of a partition's values in the first column, of one thread.
  func forEachEntry(of partition: Int, thread: Int, _ body: (UnsafeMutableRawPointer) -> Void) {
    let column = dictionaries[thread].columns[0]
    for index in Int(starts[thread][partition])..<Int(starts[thread][partition + 1]) {
      body(column.entry(Int(numbers[thread][index])))
    }
  }

  func entryCount(of partition: Int) -> Int {
    starts.reduce(0) { $0 + Int($1[partition + 1]) - Int($1[partition]) }
  }

  /// A counting sort by partition.
  private static func order(
    _ column: ColumnDictionary, by partitions: Int, _ starts: UnsafeMutablePointer<UInt32>,
    _ ordered: UnsafeMutablePointer<UInt32>
  ) {
    for number in 0..<column.count { starts[ColumnDictionary.partition(of: column.entry(number)) + 1] += 1 }
    for partition in 0..<partitions { starts[partition + 1] += starts[partition] }
    for number in (0..<column.count).reversed() {
      let partition = ColumnDictionary.partition(of: column.entry(number))
      // From the partition's end: what was its end becomes its start.
      starts[partition + 1] -= 1
      ordered[Int(starts[partition + 1])] = UInt32(number)
    }
    // Each start has moved one place up.
    for partition in 0..<partitions { starts[partition] = starts[partition + 1] }
    starts[partitions] = UInt32(column.count)
  }

  /// Memory that lives as long as the ranks.
  struct RankMemory {
    let budget: MemoryBudget
    var pages: [PageBuffer] = []

    init(budget: MemoryBudget) { self.budget = budget }

    mutating func bytes(_ count: Int) throws(BudgetExceeded) -> UnsafeMutableRawPointer {
      let buffer = try PageBuffer(bytes: max(count, 1), budget: budget, for: "the ranks of the group columns")
      pages.append(buffer)
      return buffer.base
    }

    mutating func array<Element>(of: Element.Type, count: Int) throws(BudgetExceeded) -> UnsafeMutablePointer<Element> {
      try bytes(count * MemoryLayout<Element>.stride).bindMemory(to: Element.self, capacity: max(count, 1))
    }
  }
}

extension CodedRanks.Column {
  /// Sorts the column's values of all threads, gives equal ones one rank, and makes their texts.
  fileprivate mutating func rank(
    _ column: Int, _ dictionaries: [ThreadDictionaries], _ printer: GroupPrinter, _ memory: inout CodedRanks.RankMemory
  ) throws(BudgetExceeded) {
    let all = dictionaries.reduce(0) { $0 + $1.columns[column].count }
    let entries = try PageBuffer(
      bytes: all * MemoryLayout<KeySort.Entry>.stride, budget: memory.budget, for: "the ranks of the group columns")
    let sorted = UnsafeMutableBufferPointer(rebasing: entries.bound(to: KeySort.Entry.self)[..<all])
    var next = 0
    for thread in dictionaries {
      for number in 0..<thread.columns[column].count {
        let entry = thread.columns[column].entry(number)
        // The thread stands where the first column has its partition.
        entry.storeBytes(of: UInt32(next), toByteOffset: 4, as: UInt32.self)
        sorted[next] = KeySort.Entry(word: 0, record: UnsafeRawPointer(entry + ColumnDictionary.recordOffset))
        next += 1
      }
    }
    KeySort.sort(sorted)
    let order = try PageBuffer(bytes: all * 4, budget: memory.budget, for: "the ranks of the group columns")
    defer { withExtendedLifetime((entries, order)) {} }
    let ranks = order.bound(to: UInt32.self)
    texts.places = try memory.array(of: CodedRanks.RankedTexts.Extent.self, count: all)
    texts.bytes = try memory.bytes(RankedTextWriter.bytesMost(sorted, printer))
    var writer = RankedTextWriter(texts)
    for (index, item) in sorted.enumerated() {
      if KeySort.isFirst(index, sorted) { writer.add(item.key, printer) }
      let place = (item.record - ColumnDictionary.recordOffset).loadUnaligned(fromByteOffset: 4, as: UInt32.self)
      ranks[Int(place)] = UInt32(writer.count - 1)
    }
    count = writer.count
    texts = writer.texts
    next = 0
    for (thread, dictionary) in dictionaries.enumerated() {
      let size = dictionary.columns[column].count
      for number in 0..<size { self.ranks[thread][number] = ranks[next + number] }
      next += size
    }
  }
}

/// Writes texts one after the other.
struct RankedTextWriter {
  private(set) var texts: CodedRanks.RankedTexts
  private(set) var count = 0
  private var end: UnsafeMutableRawPointer

  /// What the texts of all different keys need, and 32 bytes more: threads have mostly the same ones.
  static func bytesMost(_ sorted: UnsafeMutableBufferPointer<KeySort.Entry>, _ printer: GroupPrinter) -> Int {
    sorted.indices.reduce(32) { bytes, index in
      KeySort.isFirst(index, sorted) ? bytes + printer.bytesMost(field: sorted[index].key) : bytes
    }
  }

  /// - Parameter texts: with memory for ``bytesMost(_:_:)``.
  init(_ texts: CodedRanks.RankedTexts) {
    self.texts = texts
    end = texts.bytes!
    self.texts.longest = 0
  }

  mutating func add(_ key: UnsafeRawBufferPointer, _ printer: GroupPrinter) {
    let start = end
    printer.write(field: key, &end)
    let bytes = end - start
    texts.places![count] = CodedRanks.RankedTexts.Extent(offset: start - texts.bytes!, bytes: bytes)
    texts.longest = max(texts.longest, bytes)
    count += 1
  }
}
