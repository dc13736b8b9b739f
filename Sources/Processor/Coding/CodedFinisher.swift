/// Finishes a partition whose records are all coded. Where the partition's possible groups are few enough, each has a
/// cell that its rows are added to as they pass; else the records are sorted by their ranks, which are plain integers.
struct CodedFinisher: ~Copyable {
  /// Cells for each record, at most: more, and looking for those in use costs more than sorting.
  private static let cellsPerRecord = 16

  let plan: CodedPlan
  let ranks: CodedRanks
  let printer: GroupPrinter
  let spill: SpillFile
  let budget: MemoryBudget
  /// For cells, or for a partition's records and what sorts them.
  let memoryBytes: Int
  var cells: GrowingBuffer
  var used: GrowingBuffer
  var texts: GrowingBuffer
  var places: GrowingBuffer
  var entries: GrowingBuffer

  init(
    plan: CodedPlan, ranks: CodedRanks, printer: GroupPrinter, spill: SpillFile, budget: MemoryBudget, memoryBytes: Int
  ) throws(BudgetExceeded) {
    func buffer(_ what: String) throws(BudgetExceeded) -> GrowingBuffer {
      try GrowingBuffer(bytes: 65_536, budget: budget, for: what)
    }
    let cells = try buffer("a partition's cells")
    let used = try buffer("a partition's cells")
    let texts = try buffer("a partition's texts")
    let places = try buffer("a partition's texts")
    let entries = try buffer("a partition's values")
    self.plan = plan
    self.ranks = ranks
    self.printer = printer
    self.spill = spill
    self.budget = budget
    self.memoryBytes = memoryBytes
    self.cells = cells
    self.used = used
    self.texts = texts
    self.places = places
    self.entries = entries
  }

  /// Writes the partition's groups; returns how many they are, or nil, with nothing written, when memory doesn't hold
  /// what this way needs.
  ///
  /// - Parameter parts: of each thread, in the order of their dictionaries.
  mutating func finish(
    _ parts: [PartitionWriter.Partition], partition: Int, to output: inout GroupOutput
  ) throws -> Int? {
    let records = parts.reduce(0) { $0 + PartitionReader.recordBytes(of: $1) } / plan.recordBytes
    if records == 0 { return 0 }
    let firstCount = try rankFirstColumn(of: partition)
    var combinations = firstCount
    for column in ranks.columns.dropFirst() {
      let (product, overflow) = combinations.multipliedReportingOverflow(by: column.count)
      if overflow { return nil }
      combinations = product
    }
    let cellBytes = plan.cellWords * 8
    if combinations <= records * CodedFinisher.cellsPerRecord + 4_096,
      combinations * cellBytes + combinations / 8 <= memoryBytes
    {
      try clear(combinations)
      for (thread, part) in parts.enumerated() { try fill(part, thread: thread) }
      return try writeCells(combinations, to: &output)
    }
    return try finishSorted(parts, records: records, to: &output)
  }

  /// Orders the partition's values of the first column, and makes their texts. Returns how many they are.
  private mutating func rankFirstColumn(of partition: Int) throws -> Int {
    let all = ranks.entryCount(of: partition)
    try entries.grow(to: all * MemoryLayout<KeySort.Entry>.stride)
    let list = entries.base.bindMemory(to: KeySort.Entry.self, capacity: max(all, 1))
    var count = 0
    for thread in ranks.dictionaries.indices {
      ranks.forEachEntry(of: partition, thread: thread) { entry in
        // The thread takes the partition's place, which is known.
        entry.storeBytes(of: UInt32(thread), toByteOffset: 4, as: UInt32.self)
        list[count] = KeySort.Entry(word: 0, record: UnsafeRawPointer(entry + ColumnDictionary.recordOffset))
        count += 1
      }
    }
    let sorted = UnsafeMutableBufferPointer(start: list, count: count)
    KeySort.sort(sorted)
    try texts.grow(to: RankedTextWriter.bytesMost(sorted, printer))
    try places.grow(to: count * MemoryLayout<CodedRanks.RankedTexts.Extent>.stride)
    var writer = RankedTextWriter(
      CodedRanks.RankedTexts(
        places: places.base.bindMemory(to: CodedRanks.RankedTexts.Extent.self, capacity: max(count, 1)),
        bytes: texts.base))
    for (index, item) in sorted.enumerated() {
      if KeySort.isFirst(index, sorted) { writer.add(item.key, printer) }
      let entry = item.record - ColumnDictionary.recordOffset
      let thread = entry.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
      ranks.columns[0].ranks[Int(thread)][Int(ColumnDictionary.number(of: entry))] = UInt32(writer.count - 1)
    }
    first = writer.texts
    return writer.count
  }

  /// The texts of the first column's values in this partition.
  private(set) var first = CodedRanks.RankedTexts()

  // MARK: Cells

  private mutating func clear(_ combinations: Int) throws {
    try cells.grow(to: combinations * plan.cellWords * 8)
    try used.grow(to: combinations / 8 + 8)
    used.base.initializeMemory(as: UInt8.self, repeating: 0, count: combinations / 8 + 8)
    // Only sums begin with what is there; the others ask whether the cell is new.
    if plan.isOneSum { cells.base.initializeMemory(as: UInt8.self, repeating: 0, count: combinations * 8) }
  }

  /// Adds a thread's records to their cells.
  private func fill(_ part: PartitionWriter.Partition, thread: Int) throws {
    let cells = cells.base.assumingMemoryBound(to: Int64.self)
    let used = used.base.assumingMemoryBound(to: UInt64.self)
    let first = UnsafePointer(ranks.columns[0].ranks[thread])
    if plan.isOneSum, ranks.columns.count == 2 {
      let second = UnsafePointer(ranks.columns[1].ranks[thread])
      let width = ranks.columns[1].count
      let (firstMask, offset, mask) = (plan.places[0].mask, plan.places[1].offset, plan.places[1].mask)
      let valuesOffset = plan.valuesOffset
      return try forEachRecord(of: part) { record in
        let row = Int(first[Int(record.loadUnaligned(as: UInt32.self) & firstMask)])
        let column = Int(second[Int(record.loadUnaligned(fromByteOffset: offset, as: UInt32.self) & mask)])
        let cell = row &* width &+ column
        cells[cell] &+= Int64(record.loadUnaligned(fromByteOffset: valuesOffset, as: Int32.self))
        used[cell >> 6] |= 1 << UInt64(truncatingIfNeeded: cell & 63)
      }
    }
    let width = plan.cellWords
    let valuesOffset = plan.valuesOffset
    try forEachRecord(of: part) { record in
      let cell = combination(of: record, thread: thread)
      let bit = UInt64(1) << UInt64(truncatingIfNeeded: cell & 63)
      let isNew = used[cell >> 6] & bit == 0
      used[cell >> 6] |= bit
      if plan.isOneSum {
        cells[cell] &+= Int64(record.loadUnaligned(fromByteOffset: valuesOffset, as: Int32.self))
      } else {
        plan.add(record + valuesOffset, to: cells + cell &* width, isNew: isNew)
      }
    }
  }

  @inline(__always)
  private func forEachRecord(
    of part: PartitionWriter.Partition, _ body: (UnsafeRawPointer) -> Void
  ) throws {
    let stride = plan.recordBytes
    try PartitionReader.forEachChunk(of: part, spill: spill, budget: budget) { start, end in
      var record = start
      while record < end {
        body(record)
        record += stride
      }
    }
  }

  /// The number of a record's group among all that the partition may have, in the groups' order.
  @inline(__always)
  func combination(of record: UnsafeRawPointer, thread: Int) -> Int {
    var combination = Int(ranks.columns[0].ranks[thread][plan.number(0, of: record)])
    for column in 1..<max(ranks.columns.count, 1) {
      let rank = ranks.columns[column].ranks[thread][plan.number(column, of: record)]
      combination = combination &* ranks.columns[column].count &+ Int(rank)
    }
    return combination
  }

  private func writeCells(_ combinations: Int, to output: inout GroupOutput) throws -> Int {
    let cells = cells.base.assumingMemoryBound(to: Int64.self)
    let used = used.base.assumingMemoryBound(to: UInt64.self)
    let most = groupBytesMost
    let width = plan.cellWords
    if ranks.columns.count == 2 {
      return try writeTwoColumns(combinations, cells, used, to: &output)
    }
    return try CodedFinisher.forEachUsed(used, combinations) { cell in
      var end = try output.room(most)
      writeKey(cell, &end)
      try printer.write(cells + cell &* width, plan.answers, &end)
      output.wrote(upTo: end)
    }
  }

  /// Calls the body with each cell in use, in order, and returns how many they are.
  @inline(__always)
  private static func forEachUsed(
    _ used: UnsafePointer<UInt64>, _ combinations: Int, _ body: (Int) throws -> Void
  ) rethrows -> Int {
    var count = 0
    for word in 0...(combinations >> 6) {
      var bits = used[word]
      while bits != 0 {
        let cell = word << 6 | bits.trailingZeroBitCount
        bits &= bits &- 1
        try body(cell)
        count &+= 1
      }
    }
    return count
  }

  private func writeTwoColumns(
    _ combinations: Int, _ cells: UnsafePointer<Int64>, _ used: UnsafePointer<UInt64>, to output: inout GroupOutput
  ) throws -> Int {
    let most = groupBytesMost
    let width = plan.cellWords
    let second = ranks.columns[1].texts
    let columns = ranks.columns[1].count
    var (row, rowStart) = (0, 0)
    return try CodedFinisher.forEachUsed(used, combinations) { cell in
      while cell &- rowStart >= columns {
        row &+= 1
        rowStart &+= columns
      }
      var end = try output.room(most)
      printer.writeBefore(0, &end)
      CodedFinisher.copy(first, row, &end)
      printer.writeBefore(1, &end)
      CodedFinisher.copy(second, cell &- rowStart, &end)
      try printer.write(cells + cell &* width, plan.answers, &end)
      output.wrote(upTo: end)
    }
  }
}
