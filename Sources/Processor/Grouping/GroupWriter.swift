/// One thread's groups on their way to partitions: the table of those that repeat, and the form of a record.
struct GroupWriter: ~Copyable {
  let aggregates: AggregatePlan
  private let router: PartitionRouter
  private let writer: PartitionWriter
  var table: GroupTable
  private var record: GrowingBuffer
  /// The states of a group that has none of its own.
  private let empty: UnsafeMutableRawPointer

  init(
    aggregates: AggregatePlan, router: PartitionRouter, writer: PartitionWriter, budget: MemoryBudget
  ) throws(BudgetExceeded) {
    let table = try GroupTable(stateBytes: aggregates.stateBytes, budget: budget)
    let record = try GrowingBuffer(
      bytes: GroupWriter.recordBytes(16_384, aggregates), budget: budget, for: "a row's record")
    self.aggregates = aggregates
    self.router = router
    self.writer = writer
    self.table = table
    self.record = record
    empty = .allocate(byteCount: max(aggregates.stateBytes, 16), alignment: 16)
  }

  deinit { empty.deallocate() }

  /// For keys of so many bytes, and texts of as many.
  private static func recordBytes(_ keyBytes: Int, _ aggregates: AggregatePlan) -> Int {
    keyBytes * (1 + aggregates.texts) + aggregates.payloadBytesMost + 4 * ByteCursor.varintBytesMost
  }

  mutating func grow(keyBytes: Int) throws(BudgetExceeded) {
    try record.grow(to: GroupWriter.recordBytes(keyBytes, aggregates))
  }

  /// Where a payload is written: where the longest head and the key would end.
  @inline(__always)
  private func payloadStart(_ key: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer {
    record.base + 2 * ByteCursor.varintBytesMost + key.count
  }

  /// Adds one row as a group's record.
  @inline(__always)
  mutating func append(_ key: UnsafeRawBufferPointer, row: UnsafePointer<RowValue>, position: UInt64) throws {
    let start = payloadStart(key)
    var end = start
    aggregates.write(row: row, position: position, &end)
    try append(key, payload: UnsafeRawBufferPointer(start: start, count: end - start))
  }

  /// Adds a group.
  mutating func append(_ key: UnsafeRawBufferPointer, states: UnsafeMutableRawPointer) throws {
    let longest = GroupWriter.recordBytes(key.count, aggregates)
    if longest > record.count { try record.grow(to: longest) }
    let start = payloadStart(key)
    var end = start
    aggregates.write(states: states, &end)
    try append(key, payload: UnsafeRawBufferPointer(start: start, count: end - start))
  }

  /// Adds a group that has nothing but what the body does to one of its states.
  mutating func append(
    _ key: UnsafeRawBufferPointer, slot: Int, _ change: (UnsafeMutableRawPointer) -> Void
  ) throws {
    empty.initializeMemory(as: UInt8.self, repeating: 0, count: aggregates.stateBytes)
    change(empty + aggregates.slots[slot].offset)
    try append(key, states: empty)
  }

  mutating func flushTable() throws {
    var place = 0
    while let group = table.next(&place) { try append(group.key, states: group.states) }
    table.removeAll()
  }

  /// After the last group.
  func seal() { writer.seal() }

  /// Joins head, key and payload, which stands in `record` already, and adds them to the key's partition.
  @inline(__always)
  private func append(_ key: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer) throws {
    var output = record.base
    ByteCursor.writeVarint(UInt64(key.count), &output)
    ByteCursor.writeVarint(UInt64(payload.count), &output)
    if key.count > 0 { output.copyMemory(from: key.baseAddress!, byteCount: key.count) }
    output += key.count
    // Towards lower addresses, so that overlapping bytes are read before they are written.
    output.copyMemory(from: payload.baseAddress!, byteCount: payload.count)
    output += payload.count
    try writer.append(
      UnsafeRawBufferPointer(start: record.base, count: output - record.base), to: router.partition(of: key))
  }
}
