/// Writes coded records in the general form, for partitions that hold both.
struct CodedExpander {
  let plan: CodedPlan
  let grouping: GroupingPlan
  let dictionaries: [ThreadDictionaries]
  let spill: SpillFile
  let budget: MemoryBudget

  /// Adds a thread's coded records to the writer's only partition.
  func run(_ part: PartitionWriter.Partition, thread: Int, into writer: PartitionWriter) throws {
    let columns = dictionaries[thread].columns
    let groups = plan.groupColumns.count
    let longest = columns.reduce(groups) { $0 + $1.longest }
    let room = try PageBuffer(
      bytes: longest + grouping.aggregates.payloadBytesMost + 64, budget: budget, for: "a row's record")
    defer { withExtendedLifetime(room) {} }
    let values = UnsafeMutablePointer<RowValue>.allocate(capacity: max(grouping.valueColumns.count, 1))
    values.initialize(repeating: RowValue(), count: max(grouping.valueColumns.count, 1))
    defer { values.deallocate() }
    try PartitionReader.forEachChunk(of: part, spill: spill, budget: budget) { start, end in
      for record in stride(from: start, to: end, by: plan.recordBytes) {
        for (index, place) in plan.valuePlaces.enumerated() {
          let number = record.loadUnaligned(fromByteOffset: plan.valuesOffset + 4 * index, as: Int32.self)
          values[place].number = DecimalNumber(mantissa: Int128(number), scale: plan.values[index].scale)
        }
        let keyStart = room.base + 2 * ByteCursor.varintBytesMost
        var keyEnd = keyStart
        for column in 0..<groups {
          if column > 0 { KeyCodec.appendByte(KeyCodec.separator, &keyEnd) }
          let entry = columns[column].entry(plan.number(column, of: record))
          KeyCodec.append(ColumnDictionary.key(of: entry), mayHoldNUL: false, &keyEnd)
        }
        var payloadEnd = keyEnd
        grouping.aggregates.write(row: values, position: 0, &payloadEnd)
        var head = room.base
        ByteCursor.writeVarint(UInt64(keyEnd - keyStart), &head)
        ByteCursor.writeVarint(UInt64(payloadEnd - keyEnd), &head)
        // The head in front of the key, where the longest would end.
        let headBytes = head - room.base
        let whole = keyStart - headBytes
        whole.copyMemory(from: room.base, byteCount: headBytes)
        try writer.append(UnsafeRawBufferPointer(start: whole, count: payloadEnd - whole), to: 0)
      }
    }
  }
}
