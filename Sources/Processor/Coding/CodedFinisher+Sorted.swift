extension CodedFinisher {
  /// Writes the groups by sorting the records' combinations; nil, with nothing written, when memory doesn't hold them.
  mutating func finishSorted(
    _ parts: [PartitionWriter.Partition], records: Int, to output: inout GroupOutput
  ) throws -> Int? {
    let spilledBytes = parts.reduce(0) { $0 + $1.spilledBytes }
    let entryBytes = records * MemoryLayout<KeySort.Entry>.stride
    guard spilledBytes + entryBytes <= memoryBytes else { return nil }
    let loaded = try PageBuffer(bytes: spilledBytes, budget: budget, for: "a partition's spilled records")
    defer { withExtendedLifetime(loaded) {} }
    try cells.grow(to: max(entryBytes, plan.cellWords * 8))
    let list = UnsafeMutableBufferPointer(
      start: cells.base.bindMemory(to: KeySort.Entry.self, capacity: records), count: records)
    var place = loaded.base
    var count = 0
    for (thread, part) in parts.enumerated() {
      try PartitionReader.forEachChunk(of: part, spill: spill, keepingAt: &place) { start, end in
        for record in stride(from: start, to: end, by: plan.recordBytes) {
          list[count] = KeySort.Entry(word: UInt64(combination(of: record, thread: thread)), record: record)
          count += 1
        }
      }
    }
    WordSort.sort(list)
    let most = groupBytesMost
    let valuesOffset = plan.valuesOffset
    return try withUnsafeTemporaryAllocation(of: Int64.self, capacity: max(plan.cellWords, 1)) { cell in
      var (index, groups) = (0, 0)
      while index < count {
        let word = list[index].word
        var isNew = true
        repeat {
          plan.add(list[index].record + valuesOffset, to: cell.baseAddress!, isNew: isNew)
          isNew = false
          index += 1
        } while index < count && list[index].word == word
        var end = try output.room(most)
        writeKey(Int(word), &end)
        try printer.write(UnsafePointer(cell.baseAddress!), plan.answers, &end)
        output.wrote(upTo: end)
        groups += 1
      }
      return groups
    }
  }
}
