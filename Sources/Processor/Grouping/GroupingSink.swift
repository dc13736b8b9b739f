import TallySchema

/// One thread's grouping: rows go to a small table while groups repeat, and straight to partitions when they don't; or
/// they are coded, where a sample has shown that this pays.
struct GroupingSink: ~Copyable, RecordSink {
  /// Rows that pass the table by after it has proved useless, before it is tried again.
  private static let bypassedRows = 1_000_000

  private let plan: GroupingPlan
  private let badRows: BadRowLog
  private let coder: RowCoder?
  /// The same, without a count of its owners for each row.
  private let uncountedCoder: Unmanaged<RowCoder>?
  private let hasFilter: Bool
  /// Texts stand in no table.
  private let usesTable: Bool
  private var groups: GroupWriter
  private var reader: RowReader
  private var distinct: DistinctWriter?
  private var ordered: OrderedValueWriter?
  /// Room for a row's record, from the reader's own.
  private var rowRoom: Int
  private var rowsInTable = 0
  /// Where the rows at hand stand.
  private var window: (block: InputBlock, offset: Int)?
  private var rowsToBypass = 0

  init(
    plan: GroupingPlan, fieldText: FieldText, groups: consuming GroupWriter, badRows: BadRowLog, coder: RowCoder?,
    distinct: consuming DistinctWriter?, ordered: consuming OrderedValueWriter?, budget: MemoryBudget
  ) throws(BudgetExceeded) {
    let reader = try RowReader(plan: plan, fieldText: fieldText, budget: budget)
    self.plan = plan
    self.badRows = badRows
    // Where rows are coded, few groups repeat: the table would only be filled and emptied.
    if let coder, coder.cells == nil { rowsToBypass = .max }
    self.coder = coder
    uncountedCoder = coder.map { Unmanaged.passUnretained($0) }
    hasFilter = plan.filter != nil
    usesTable = plan.aggregates.texts == 0
    self.groups = groups
    rowRoom = reader.room
    self.reader = reader
    self.distinct = distinct
    self.ordered = ordered
  }

  @inline(__always)
  mutating func take(_ row: RecordView) throws -> BadRow? {
    if row.lastEnd &- row.start > rowRoom { try grow(for: row) }
    if hasFilter {
      switch reader.filter(row) {
      case .passes: break
      case .leftOut: return nil
      case .bad(let bad): return bad
      }
    }
    guard let uncountedCoder else { return try takeUncoded(row) }
    // `coder` keeps it alive.
    switch uncountedCoder._withUnsafeGuaranteedRef({ $0.prepare(row) }) {
    case .taken: return nil
    case .full:
      try drain()
      return nil
    case .alone: return try takeAlone(row)
    case .unfit: return try takeUncoded(row)
    }
  }

  @inline(never)
  private mutating func takeUncoded(_ row: RecordView) throws -> BadRow? { try takeGeneral(row) }

  @inline(never)
  private mutating func takeAlone(_ row: RecordView) throws -> BadRow? {
    if let coder, try coder.takeNow(row, scratch: reader.scratchStart) { return nil }
    return try takeGeneral(row)
  }

  @inline(__always)
  private mutating func takeGeneral(_ row: RecordView) throws -> BadRow? {
    reader.begin()
    if let bad = reader.readValues(row) { return bad }
    let (key, bad) = reader.readKey(row)
    if let bad { return bad }
    if plan.needsSecondRound {
      if !plan.distincts.isEmpty { try distinct!.add(key, reader.values) }
      if !plan.ordered.isEmpty { try ordered!.add(key, reader.values) }
    }
    try add(key, row)
    return nil
  }

  @inline(__always)
  private mutating func add(_ key: UnsafeRawBufferPointer, _ row: RecordView) throws {
    if usesTable {
      if rowsToBypass == 0 {
        if let states = groups.table.states(of: key) {
          plan.aggregates.add(reader.values, to: states)
          rowsInTable += 1
          return
        }
        try makeRoom()
        if rowsToBypass == 0, let states = groups.table.states(of: key) {
          plan.aggregates.add(reader.values, to: states)
          rowsInTable += 1
          return
        }
      } else if rowsToBypass < .max {
        rowsToBypass -= 1
      }
    }
    try groups.append(key, row: reader.values, position: usesTable ? 0 : position(of: row))
  }

  /// Of a row in the order of the files.
  private func position(of row: RecordView) -> UInt64 {
    guard let window else { return 0 }
    return UInt64(window.block.ordinal) << 32 | UInt64(window.offset + row.start)
  }

  /// Empties the full table, and leaves it alone for a while when few rows shared a group in it.
  @inline(never)
  private mutating func makeRoom() throws {
    let isUseful = rowsInTable >= groups.table.count * 2
    try groups.flushTable()
    rowsInTable = 0
    if !isUseful { rowsToBypass = GroupingSink.bypassedRows }
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
      if var bad = try takeGeneral(row), let (block, offset) = window {
        bad.record = row.start..<row.lastEnd
        try badRows.add(bad.moved(by: offset), in: block)
      }
    }
    coder.clear()
  }

  mutating func reject(_ row: BadRow, in block: InputBlock) throws {
    // A row before it may be waiting, and be bad as well: the first one decides.
    try drain()
    try badRows.add(row, in: block)
  }

  @inline(never)
  private mutating func grow(for row: RecordView) throws {
    try reader.grow(for: row)
    rowRoom = reader.room
    try groups.grow(keyBytes: reader.keyRoom)
  }

  /// No more rows: what is looked at in a second round is ready to be read.
  mutating func endRows() throws {
    try distinct?.finish()
    try ordered?.finish()
    // Their memory is the second round's.
    distinct = nil
    ordered = nil
  }

  /// Changes one of a group's states to what a second round has found.
  mutating func change(
    _ key: UnsafeRawBufferPointer, slot: Int, _ change: (UnsafeMutableRawPointer) -> Void
  ) throws {
    var states = usesTable ? groups.table.states(of: key) : nil
    if usesTable, states == nil {
      try groups.flushTable()
      states = groups.table.states(of: key)
    }
    guard let states else { return try groups.append(key, slot: slot, change) }
    change(states + plan.aggregates.slots[slot].offset)
  }

  /// Writes what the table still holds to the partitions.
  mutating func finish() throws {
    try groups.flushTable()
    if let coder, coder.cells != nil { try finishCells(coder) }
    groups.seal()
  }

  private mutating func finishCells(_ coder: RowCoder) throws {
    var place = 0
    while let (key, states) = coder.nextCell(&place) { try groups.append(key, states: states) }
  }
}
