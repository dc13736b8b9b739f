import CTallySIMD

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Writes rows as numbers, for one thread. What it can't write is left to the general way: it changes nothing then.
///
/// Values are looked up some rows at a time, in three steps, each of which asks for the memory that the next one reads:
/// a dictionary is larger than a core's cache, and waiting for one row's values after the other would take most of the
/// time (Chen et al., "Improving Hash Join Performance through Prefetching", 2004).
final class RowCoder {
  /// Rows that are looked up together.
  private static let rowsAtOnce = 32

  enum Preparation {
    /// The row waits to be looked up, or is written already.
    case taken
    /// It waits, and there is no room for another.
    case full
    /// One of its fields doesn't stand in the block as it is: ``takeNow(_:scratch:)``.
    case alone
    /// It goes the general way.
    case unfit
  }

  private let plan: CodedPlan
  private let dictionaries: ThreadDictionaries
  private let router: PartitionRouter
  private let writer: PartitionWriter
  private let hasNulls: Bool
  private let fieldText: FieldText
  private let quote: UInt8
  /// Text columns are only looked at for being text.
  private let hasTextValues: Bool

  /// Where a waiting row stands; what all rows of a window share stands in one of them.
  private struct WaitingRow {
    var start: UInt32
    var lastEnd: UInt32
    var ends: UnsafePointer<UInt32>
  }

  private var window = RecordView.none
  private let rows: UnsafeMutablePointer<WaitingRow>
  private let fields: UnsafeMutablePointer<UnsafeRawBufferPointer>
  private let hashes: UnsafeMutablePointer<UInt64>
  /// The waiting rows' values, with room for the group columns' numbers before them.
  private let records: UnsafeMutablePointer<UInt32>
  private let words: Int
  private(set) var count = 0
  /// Where groups are few.
  let cells: CellTable?
  private let cellPages: PageBuffer?
  private let grouping: GroupingPlan
  /// States and key of the group that ``nextCell(_:)`` has returned.
  private var group = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init(
    plan: CodedPlan, grouping: GroupingPlan, fieldText: FieldText, dictionaries: ThreadDictionaries,
    router: PartitionRouter,
    writer: PartitionWriter, cellLimits: [Int]?, budget: MemoryBudget
  ) throws(BudgetExceeded) {
    if let cellLimits {
      let pages = try PageBuffer(
        bytes: CellTable.bytes(cellLimits, plan), budget: budget, for: "the cells of groups")
      cells = CellTable(limits: cellLimits, plan: plan, pages: pages)
      cellPages = pages
    } else {
      cells = nil
      cellPages = nil
    }
    self.grouping = grouping
    self.plan = plan
    self.dictionaries = dictionaries
    self.router = router
    self.writer = writer
    self.fieldText = fieldText
    quote = fieldText.quote
    hasNulls = !grouping.nulls.isEmpty
    hasTextValues = grouping.valueColumns.contains { $0.isText }
    rows = .allocate(capacity: RowCoder.rowsAtOnce)
    fields = .allocate(capacity: RowCoder.rowsAtOnce * plan.groupColumns.count)
    hashes = .allocate(capacity: RowCoder.rowsAtOnce * plan.groupColumns.count)
    words = plan.groupColumns.count + plan.values.count
    records = .allocate(capacity: RowCoder.rowsAtOnce * words)
  }

  deinit {
    cells?.deallocate()
    group.deallocate()
    rows.deallocate()
    fields.deallocate()
    hashes.deallocate()
    records.deallocate()
  }

  /// Reads a row's values and asks for the memory where its search begins. There must be room for a row. 31 bytes
  /// behind the row may be read, and it stays where it is until it is resolved.
  @inline(__always)
  func prepare(_ row: RecordView) -> Preparation {
    if hasTextValues, row.isForeign { return .unfit }
    let groups = plan.groupColumns.count
    let columns = dictionaries.columns.baseAddress!
    let record = records + count &* words
    for index in 0..<plan.values.count {
      guard let number = number(plan.values[index], row) else { return .unfit }
      record[groups &+ index] = UInt32(bitPattern: number)
    }
    for index in 0..<groups {
      let raw = row.field(plan.groupColumns[index])
      var field = raw
      if row.hasQuotes, fieldText.quotes, raw.count >= 2, raw[0] == quote {
        field = UnsafeRawBufferPointer(start: raw.baseAddress! + 1, count: raw.count &- 2)
        if memchr(field.baseAddress!, Int32(fieldText.escape ?? quote), field.count) != nil { return .alone }
      }
      if row.hasNUL, field.count > 0, memchr(field.baseAddress!, 0, field.count) != nil { return .unfit }
      let hash = columns[index].hash(field)
      if let cells {
        // Few groups have few values, which are all near.
        guard let entry = columns[index].find(field, hash: hash) else { return .alone }
        record[index] = ColumnDictionary.number(of: entry)
        if index &+ 1 == groups { return cells.add(numbers: record, values: record + groups) ? .taken : .unfit }
        continue
      }
      fields[count &* groups &+ index] = field
      hashes[count &* groups &+ index] = hash
      tally_prefetch(columns[index].slot(of: hash))
    }
    if count == 0 { window = row }
    rows[count] = WaitingRow(
      start: UInt32(truncatingIfNeeded: row.start), lastEnd: UInt32(truncatingIfNeeded: row.lastEnd), ends: row.ends)
    count &+= 1
    return count == RowCoder.rowsAtOnce ? .full : .taken
  }

  /// Asks for the entries that the waiting rows' searches will look at first.
  func lookAhead() {
    let groups = plan.groupColumns.count
    for index in 0..<groups {
      let column = dictionaries.columns[index]
      for row in 0..<count { tally_prefetch(column.likelyEntry(hashes[row &* groups &+ index])) }
    }
  }

  /// Writes a waiting row; hands it back when it has to go the general way.
  @inline(__always)
  func resolve(_ number: Int) throws -> RecordView? {
    let groups = plan.groupColumns.count
    let record = records + number &* words
    var partition = 0
    for index in 0..<groups {
      let field = fields[number &* groups &+ index]
      let hash = hashes[number &* groups &+ index]
      var entry = dictionaries.columns[index].find(field, hash: hash)
      if entry == nil { entry = insert(field, hash: hash, column: index, isForeign: window.isForeign) }
      guard let entry else { return row(number) }
      record[index] = ColumnDictionary.number(of: entry)
      if index == 0 { partition = ColumnDictionary.partition(of: entry) }
    }
    return try write(record, to: partition) ? nil : row(number)
  }

  private func row(_ number: Int) -> RecordView {
    window.moved(to: Int(rows[number].start), ends: rows[number].ends, lastEnd: Int(rows[number].lastEnd))
  }

  /// All waiting rows have been resolved.
  func clear() { count = 0 }

  /// Whether the row, whose fields may need unquoting, was taken. `scratch` has room for its fields and 32 bytes.
  func takeNow(_ row: RecordView, scratch: UnsafeMutableRawPointer) throws -> Bool {
    let groups = plan.groupColumns.count
    let record = records + count * words
    for index in 0..<plan.values.count {
      guard let number = number(plan.values[index], row) else { return false }
      record[groups &+ index] = UInt32(bitPattern: number)
    }
    var partition = 0
    for index in 0..<groups {
      let field = fieldText.value(of: row.field(plan.groupColumns[index]), scratch: scratch)
      if row.hasNUL, field.count > 0, memchr(field.baseAddress!, 0, field.count) != nil { return false }
      let hash = dictionaries.columns[index].hash(field)
      let found = dictionaries.columns[index].find(field, hash: hash)
      guard let entry = found ?? insert(field, hash: hash, column: index, isForeign: row.isForeign) else {
        return false
      }
      record[index] = ColumnDictionary.number(of: entry)
      if index == 0 { partition = ColumnDictionary.partition(of: entry) }
    }
    return try write(record, to: partition)
  }

  /// A field as a number that a record holds; nil: the row goes the general way.
  @inline(__always)
  private func number(_ value: CodedPlan.Value, _ row: RecordView) -> Int32? {
    var field = row.field(value.column)
    if row.hasQuotes, fieldText.quotes, field.count >= 2, field[0] == quote {
      field = UnsafeRawBufferPointer(start: field.baseAddress! + 1, count: field.count &- 2)
    }
    guard let number = NumberParser.small(field, scale: value.scale) else { return nil }
    return hasNulls && grouping.isNull(field) ? nil : number
  }

  @inline(__always)
  private func write(_ record: UnsafeMutablePointer<UInt32>, to partition: Int) throws -> Bool {
    let groups = plan.places.count
    if let cells { return cells.add(numbers: record, values: record + groups) }
    let place = try writer.place(bytes: plan.recordBytes, in: router.count &+ partition)
    // In order: a narrow number's upper half is overwritten by what follows it.
    for index in 0..<groups {
      place.storeBytes(of: record[index], toByteOffset: plan.places[index].offset, as: UInt32.self)
    }
    for index in groups..<words {
      place.storeBytes(
        of: record[index], toByteOffset: plan.valuesOffset &+ 4 &* (index &- groups), as: UInt32.self)
    }
    return true
  }

  /// The next group that has a cell, from the place (first 0), which moves on; nil when there is none. It is the caller's
  /// until the next call.
  func nextCell(_ place: inout Int) -> (key: UnsafeRawBufferPointer, states: UnsafeMutableRawPointer)? {
    guard let cells, let (numbers, cell, rows) = cells.next(&place) else { return nil }
    let columns = dictionaries.columns
    if group.isEmpty {
      group = UnsafeMutableRawBufferPointer.allocate(
        byteCount: grouping.aggregates.stateBytes + columns.reduce(columns.count + 16) { $0 + $1.longest },
        alignment: 16)
    }
    let states = group.baseAddress!
    let key = states + grouping.aggregates.stateBytes
    var end = key
    for (column, number) in numbers.enumerated() {
      if column > 0 { KeyCodec.appendByte(KeyCodec.separator, &end) }
      KeyCodec.append(ColumnDictionary.key(of: columns[column].entry(number)), mayHoldNUL: false, &end)
    }
    states.initializeMemory(as: UInt8.self, repeating: 0, count: grouping.aggregates.stateBytes)
    plan.addStates(of: cell, rows: rows, to: states, grouping.aggregates)
    return (UnsafeRawBufferPointer(start: key, count: end - key), states)
  }

  @inline(never)
  private func insert(
    _ field: UnsafeRawBufferPointer, hash: UInt64, column: Int, isForeign: Bool
  ) -> UnsafeMutableRawPointer? {
    if isForeign, !FieldText.isUTF8(field) { return nil }
    let partition = column == 0 ? router.partition(of: field) : 0
    return dictionaries.columns[column].insert(field, hash: hash, partition: partition)
  }
}
