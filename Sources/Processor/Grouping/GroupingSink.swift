import Schema

/// One thread's grouping: rows go to a small table while groups repeat, and straight to partitions when they don't.
struct GroupingSink: ~Copyable, RecordSink {
  /// Rows that pass the table by after it has proved useless, before it is tried again.
  private static let bypassedRows = 1_000_000

  private let plan: GroupingPlan
  private let quote: UInt8
  private let router: PartitionRouter
  private let writer: PartitionWriter
  private let badRows: BadRowLog
  private let coder: RowCoder?
  /// The same, without a count of its owners for each row.
  private let uncountedCoder: Unmanaged<RowCoder>?
  private var table: GroupTable
  private var rowsInTable = 0
  /// Where the rows at hand stand.
  private var window: (block: InputBlock, offset: Int)?
  private var rowsToBypass = 0
  private let values: UnsafeMutablePointer<RowValue>
  private var key: GrowingBuffer
  private var record: GrowingBuffer
  private var scratch: GrowingBuffer

  init(
    plan: GroupingPlan, quote: UInt8, router: PartitionRouter, writer: PartitionWriter, badRows: BadRowLog,
    coder: RowCoder?, budget: MemoryBudget
  ) throws(BudgetExceeded) {
    let table = try GroupTable(stateBytes: plan.aggregates.stateBytes, budget: budget)
    let key = try GrowingBuffer(bytes: 16_384, budget: budget, for: "a row's key")
    let record = try GrowingBuffer(
      bytes: 16_384 + plan.aggregates.payloadBytesMost + 64, budget: budget, for: "a row's record")
    let scratch = try GrowingBuffer(bytes: 16_384, budget: budget, for: "a row's fields")
    self.plan = plan
    self.quote = quote
    self.router = router
    self.writer = writer
    self.badRows = badRows
    // Where rows are coded, few groups repeat: the table would only be filled and emptied.
    if let coder, coder.cells == nil { rowsToBypass = .max }
    self.coder = coder
    uncountedCoder = coder.map { Unmanaged.passUnretained($0) }
    self.table = table
    self.key = key
    self.record = record
    self.scratch = scratch
    values = .allocate(capacity: max(plan.valueColumns.count, 1))
    values.initialize(repeating: RowValue(), count: max(plan.valueColumns.count, 1))
  }

  deinit { values.deallocate() }

  @inline(__always)
  mutating func take(_ row: RecordView) throws -> BadRow? {
    let rowBytes = row.lastEnd - row.start
    if rowBytes * 2 + 64 > key.count { try grow(for: row) }
    guard let uncountedCoder else { return try takeGeneral(row) }
    // `coder` keeps it alive.
    switch uncountedCoder._withUnsafeGuaranteedRef({ $0.prepare(row) }) {
    case .taken: return nil
    case .full:
      try drain()
      return nil
    case .alone: return try takeAlone(row)
    case .unfit: return try takeGeneral(row)
    }
  }

  @inline(never)
  private mutating func takeAlone(_ row: RecordView) throws -> BadRow? {
    if let coder, try coder.takeNow(row, scratch: scratch.base) { return nil }
    return try takeGeneral(row)
  }

  @inline(never)
  private mutating func takeGeneral(_ row: RecordView) throws -> BadRow? {
    if let bad = readValues(row) { return bad }
    var end = key.base
    for index in 0..<plan.groupColumns.count {
      let column = plan.groupColumns[index]
      let raw = row.field(column)
      let field = row.hasQuotes ? FieldText.value(of: raw, quote: quote, scratch: scratch.base) : raw
      if row.isForeign, !FieldText.isUTF8(field) {
        return BadRow(kind: .invalidUTF8(column: plan.groupNames[index]), offset: row.offset(ofField: column))
      }
      if index > 0 { KeyCodec.appendByte(KeyCodec.separator, &end) }
      KeyCodec.append(field, mayHoldNUL: row.hasNUL, &end)
    }
    try add(UnsafeRawBufferPointer(start: key.base, count: end - key.base))
    return nil
  }

  mutating func beginWindow(_ block: InputBlock, at offset: Int) { window = (block, offset) }

  mutating func endWindow() throws {
    try drain()
    window = nil
  }

  /// Looks the waiting rows up. Those that can't be coded go the general way.
  @inline(never)
  private mutating func drain() throws {
    guard let coder, coder.count > 0 else { return }
    coder.lookAhead()
    for index in 0..<coder.count {
      guard let row = try coder.resolve(index) else { continue }
      if let bad = try takeGeneral(row), let (block, offset) = window {
        try reject(BadRow(kind: bad.kind, offset: bad.offset + offset), in: block)
      }
    }
    coder.clear()
  }

  mutating func reject(_ row: BadRow, in block: InputBlock) throws { try badRows.add(row, in: block) }

  /// Writes what the table still holds to the partitions.
  mutating func finish() throws {
    try flushTable()
    try coder?.forEachCell { key, states in try append(key, states: states) }
    writer.seal()
  }

  private mutating func readValues(_ row: RecordView) -> BadRow? {
    for index in 0..<plan.valueColumns.count {
      let column = plan.valueColumns[index].index
      let raw = row.field(column)
      let field = row.hasQuotes ? FieldText.value(of: raw, quote: quote, scratch: scratch.base) : raw
      let isNull = !plan.nulls.isEmpty && self.isNull(field)
      values[index].isNull = isNull
      if isNull { continue }
      if !plan.valueColumns[index].isNumber {
        if row.isForeign, !FieldText.isUTF8(field) {
          return BadRow(kind: .invalidUTF8(column: plan.valueColumns[index].name), offset: row.offset(ofField: column))
        }
        continue
      }
      guard let number = NumberParser.parse(field) else {
        return badNumber(field, plan.valueColumns[index].name, offset: row.offset(ofField: column))
      }
      values[index].number = number
    }
    return nil
  }

  @inline(__always)
  private mutating func add(_ key: UnsafeRawBufferPointer) throws {
    if rowsToBypass == 0 {
      if let states = table.states(of: key) {
        plan.aggregates.add(values, to: states)
        rowsInTable += 1
        return
      }
      try makeRoom()
      if rowsToBypass == 0, let states = table.states(of: key) {
        plan.aggregates.add(values, to: states)
        rowsInTable += 1
        return
      }
    } else if rowsToBypass < .max {
      rowsToBypass -= 1
    }
    try addToPartition(key)
  }

  /// Empties the full table, and leaves it alone for a while when few rows shared a group in it.
  @inline(never)
  private mutating func makeRoom() throws {
    let isUseful = rowsInTable >= table.count * 2
    try flushTable()
    if !isUseful { rowsToBypass = GroupingSink.bypassedRows }
  }

  @inline(__always)
  private mutating func addToPartition(_ key: UnsafeRawBufferPointer) throws {
    // The payload first, where the longest head would end; then the head in front of the key.
    let payloadStart = record.base + 2 * ByteCursor.varintBytesMost + key.count
    var end = payloadStart
    plan.aggregates.write(row: values, &end)
    try append(key, payload: UnsafeRawBufferPointer(start: payloadStart, count: end - payloadStart))
  }

  private mutating func flushTable() throws {
    var place = 0
    while let group = table.next(&place) { try append(group.key, states: group.states) }
    table.removeAll()
    rowsInTable = 0
  }

  private mutating func append(_ key: UnsafeRawBufferPointer, states: UnsafeRawPointer) throws {
    let longest = plan.aggregates.payloadBytesMost + 2 * ByteCursor.varintBytesMost + key.count
    if longest > record.count { try record.grow(to: longest) }
    let payloadStart = record.base + 2 * ByteCursor.varintBytesMost + key.count
    var end = payloadStart
    plan.aggregates.write(states: states, &end)
    try append(key, payload: UnsafeRawBufferPointer(start: payloadStart, count: end - payloadStart))
  }

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

  /// Makes room for the fields that are used, not for those between them.
  private mutating func grow(for row: RecordView) throws {
    var usedBytes = 0
    for column in plan.groupColumns { usedBytes += row.field(column).count }
    for column in plan.valueColumns { usedBytes = max(usedBytes, row.field(column.index).count) }
    try key.grow(to: usedBytes * 2 + 64 + plan.groupColumns.count)
    // From the key's size, which alone is looked at for each row: whatever fits in it fits in these.
    try scratch.grow(to: key.count / 2)
    try record.grow(to: key.count + plan.aggregates.payloadBytesMost + 64)
  }

  private func isNull(_ field: UnsafeRawBufferPointer) -> Bool {
    plan.nulls.contains { null in null.count == field.count && null.elementsEqual(field) }
  }

  @inline(never)
  private func badNumber(_ field: UnsafeRawBufferPointer, _ column: String, offset: Int) -> BadRow {
    if field.allSatisfy({ $0 == 0x20 }) { return BadRow(kind: .emptyNumber(column: column), offset: offset) }
    let cut = field.count > 60
    let text = String(decoding: field.prefix(60), as: UTF8.self) + (cut ? "…" : "")
    return BadRow(kind: .notANumber(column: column, text: text), offset: offset)
  }
}
