import TallySchema

/// Reads a row's fields: whether it is looked at, its values, and its key. One thread's own.
struct RowReader: ~Copyable {
  private let plan: GroupingPlan
  private let fieldText: FieldText
  let values: UnsafeMutablePointer<RowValue>
  private let filtered: UnsafeMutablePointer<RowMatcher.Field>
  /// Fields that don't stand in the block as they are, one after the other.
  private var scratch: GrowingBuffer
  private var used = 0
  private var key: GrowingBuffer

  init(plan: GroupingPlan, fieldText: FieldText, budget: MemoryBudget) throws(BudgetExceeded) {
    let key = try GrowingBuffer(bytes: 16_384, budget: budget, for: "a row's key")
    let scratch = try GrowingBuffer(bytes: 32_768, budget: budget, for: "a row's fields")
    self.plan = plan
    self.fieldText = fieldText
    self.key = key
    self.scratch = scratch
    values = .allocate(capacity: max(plan.valueColumns.count, 1))
    values.initialize(repeating: RowValue(), count: max(plan.valueColumns.count, 1))
    let filterColumns = plan.filter?.columns.count ?? 0
    filtered = .allocate(capacity: max(filterColumns, 1))
    filtered.initialize(repeating: RowMatcher.Field(), count: max(filterColumns, 1))
  }

  deinit {
    values.deallocate()
    filtered.deallocate()
  }

  /// Bytes of used fields that there is room for.
  var room: Int { key.count / 2 - 64 }
  var keyRoom: Int { key.count }
  /// Where a row's fields may be unquoted, one in the other's place.
  var scratchStart: UnsafeMutableRawPointer { scratch.base }

  /// Makes room for the fields that are used, not for those between them.
  mutating func grow(for row: RecordView) throws(BudgetExceeded) {
    var bytes = 0
    for column in plan.groupColumns { bytes += row.field(column).count }
    for column in plan.valueColumns { bytes += row.field(column.index).count }
    for column in plan.filter?.columns ?? [] { bytes += row.field(column.index).count }
    try key.grow(to: bytes * 2 + 128 + plan.groupColumns.count)
    // From the key's size, which alone is looked at for each row: whatever fits in it fits in this.
    try scratch.grow(to: key.count * 2)
  }

  /// The fields that were read before are no longer needed.
  mutating func begin() { used = 0 }

  @inline(__always)
  private mutating func field(_ row: RecordView, _ column: Int) -> UnsafeRawBufferPointer {
    let raw = row.field(column)
    guard row.hasQuotes || fieldText.trims else { return raw }
    let value = fieldText.value(of: raw, scratch: scratch.base + used)
    if value.baseAddress == UnsafeRawPointer(scratch.base + used) { used += value.count }
    return value
  }

  /// What the job's filter says of a row.
  enum Verdict {
    case passes, leftOut
    /// A field isn't what the filter compares with.
    case bad(BadRow)
  }

  @inline(never)
  mutating func filter(_ row: RecordView) -> Verdict {
    guard let filter = plan.filter else { return .passes }
    begin()
    for (index, column) in filter.columns.enumerated() {
      let text = field(row, column.index)
      if row.isForeign, !FieldText.isUTF8(text) {
        return .bad(BadRow(kind: .invalidUTF8(column: column.name), offset: row.offset(ofField: column.index)))
      }
      let isNull = plan.isNull(text)
      var number: DecimalNumber?
      if column.isNumber, !isNull {
        number = plan.numbers.parse(text)
        if number == nil { return .bad(badNumber(text, column.name, row, column.index, isDouble: false)) }
      }
      filtered[index] = RowMatcher.Field(text: text, number: number, isNull: isNull)
    }
    return filter.matches(filtered) ? .passes : .leftOut
  }

  /// Reads the values; returns why the row is bad, if it is.
  mutating func readValues(_ row: RecordView) -> BadRow? {
    for index in 0..<plan.valueColumns.count {
      let column = plan.valueColumns[index]
      let field = field(row, column.index)
      let isNull = !plan.nulls.isEmpty && plan.isNull(field)
      values[index].isNull = isNull
      if isNull { continue }
      if column.isText {
        if row.isForeign, !FieldText.isUTF8(field) {
          return BadRow(kind: .invalidUTF8(column: column.name), offset: row.offset(ofField: column.index))
        }
        values[index].text = field
      }
      if column.isNumber {
        guard let number = plan.numbers.parse(field) else {
          return badNumber(field, column.name, row, column.index, isDouble: false)
        }
        values[index].number = number
      }
      if column.isDouble {
        guard let number = plan.numbers.parseDouble(field) else {
          return badNumber(field, column.name, row, column.index, isDouble: true)
        }
        values[index].double = number
      }
    }
    return nil
  }

  /// Reads the key, which is the caller's until the next row; or why the row is bad.
  mutating func readKey(_ row: RecordView) -> (key: UnsafeRawBufferPointer, bad: BadRow?) {
    var end = key.base
    for index in 0..<plan.groupColumns.count {
      let column = plan.groupColumns[index]
      let field = field(row, column)
      if row.isForeign, !FieldText.isUTF8(field) {
        let bad = BadRow(kind: .invalidUTF8(column: plan.groupNames[index]), offset: row.offset(ofField: column))
        return (UnsafeRawBufferPointer(start: nil, count: 0), bad)
      }
      if index > 0 { KeyCodec.appendByte(KeyCodec.separator, &end) }
      KeyCodec.append(field, mayHoldNUL: row.hasNUL, &end)
    }
    return (UnsafeRawBufferPointer(start: key.base, count: end - key.base), nil)
  }

  @inline(never)
  private func badNumber(
    _ field: UnsafeRawBufferPointer, _ name: String, _ row: RecordView, _ column: Int, isDouble: Bool
  ) -> BadRow {
    let offset = row.offset(ofField: column)
    if field.allSatisfy({ $0 == 0x20 }) { return BadRow(kind: .emptyNumber(column: name), offset: offset) }
    let cut = field.count > 60
    let text = String(decoding: field.prefix(60), as: UTF8.self) + (cut ? "…" : "")
    let problem = plan.numbers.problem(with: field, isDouble: isDouble)
    return BadRow(kind: .notANumber(column: name, text: text, problem), offset: offset)
  }
}
