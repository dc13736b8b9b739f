/// A question whose rows can be written as numbers: of each group column's value in its dictionary, and of each value
/// column a whole number of 32 bits at the column's usual scale. Rows that don't fit go the general way.
///
/// A coded record is `group columns × (UInt16 or UInt32), value columns × Int32`.
///
/// `@unchecked Sendable`: nothing changes after `init`, and the buffers are freed only by `deinit`.
final class CodedPlan: @unchecked Sendable {
  /// What a cell keeps: a word for each.
  struct Accumulator: Equatable {
    enum Kind { case count, sum, least, greatest }
    var kind: Kind
    /// Which of the row's values; unused for `count`.
    var value: Int
  }

  struct Value {
    var column: Int
    var scale: UInt8
  }

  /// What an aggregate's answer is made of: its accumulator, and for an average the count.
  struct Source {
    var form: CodedForm
    var accumulator: Int
    var count: Int
    var scale: Int
  }

  let groupColumns: UnsafeMutableBufferPointer<Int>
  let values: UnsafeMutableBufferPointer<Value>
  let accumulators: UnsafeMutableBufferPointer<Accumulator>
  let answers: UnsafeMutableBufferPointer<Source>
  /// Where among ``GroupingPlan/valueColumns`` each of the values stands.
  let valuePlaces: [Int]
  let recordBytes: Int
  /// Where the group columns' numbers stand in a record, and which bits of the 32 there are theirs.
  let places: UnsafeMutableBufferPointer<(offset: Int, mask: UInt32)>
  /// Where the values begin.
  let valuesOffset: Int
  /// A cell is its accumulators' words; one bit beside it tells whether it is in use.
  var cellWords: Int { accumulators.count }
  /// The one accumulator is a sum: the question that nearly everyone asks.
  let isOneSum: Bool
  /// Records of one group, at most, for which no sum of 32 bits overflows 64.
  static let recordsMost = 1 << 31

  /// Nil when the question has an aggregate that isn't one of whole numbers.
  ///
  /// - Parameters:
  ///   - scales: of each value column, the usual one.
  ///   - numbers: of each group column, what its numbers stay below.
  init?(_ plan: GroupingPlan, scales: [UInt8], numbers: [Int]) {
    guard !plan.groupColumns.isEmpty, plan.isUsual, let cell = CellLayout(plan.aggregates, scales: scales) else {
      return nil
    }
    let record = RecordLayout(numbers: numbers, values: cell.values.count)
    // A record stands in one chunk.
    guard record.bytesMost + PartitionWriter.headBytes <= PartitionWriter.chunkBytes else { return nil }
    // Rows with a null go the general way, which only a column that is read can tell.
    guard plan.nulls.isEmpty || cell.values.count == plan.valueColumns.count else { return nil }
    groupColumns = CodedPlan.copy(plan.groupColumns)
    values = CodedPlan.copy(cell.values.map { Value(column: plan.valueColumns[$0].index, scale: scales[$0]) })
    accumulators = CodedPlan.copy(cell.accumulators)
    answers = CodedPlan.copy(cell.answers)
    valuePlaces = cell.values
    places = CodedPlan.copy(record.places)
    valuesOffset = record.valuesOffset
    recordBytes = record.valuesOffset + 4 * cell.values.count
    isOneSum = cell.accumulators == [Accumulator(kind: .sum, value: 0)]
  }

  /// What a cell keeps, and where the answers stand in it.
  private struct CellLayout {
    /// Which of the row's values are looked at.
    private(set) var values: [Int] = []
    private(set) var accumulators: [Accumulator] = []
    private(set) var answers: [Source] = []

    /// Nil when a function can't be had from whole numbers.
    init?(_ aggregates: AggregatePlan, scales: [UInt8]) {
      for (slot, function) in zip(aggregates.slots, aggregates.functions) {
        guard let form = function.coded else { return nil }
        guard let kind = form.accumulator else {
          answers.append(Source(form: form, accumulator: place(.count, 0), count: 0, scale: 0))
          continue
        }
        let found = place(kind, value(slot.value))
        let count = form == .average ? place(.count, 0) : 0
        answers.append(Source(form: form, accumulator: found, count: count, scale: Int(scales[slot.value])))
      }
    }

    private mutating func place(_ kind: Accumulator.Kind, _ value: Int) -> Int {
      let wanted = Accumulator(kind: kind, value: value)
      if let found = accumulators.firstIndex(of: wanted) { return found }
      accumulators.append(wanted)
      return accumulators.count - 1
    }

    private mutating func value(_ number: Int) -> Int {
      if let found = values.firstIndex(of: number) { return found }
      values.append(number)
      return values.count - 1
    }
  }

  /// Where a record has its group columns' numbers and its values.
  private struct RecordLayout {
    private(set) var places: [(offset: Int, mask: UInt32)] = []
    private(set) var valuesOffset = 0
    let bytesMost: Int

    init(numbers: [Int], values: Int) {
      bytesMost = 4 * (numbers.count + values)
      for (index, count) in numbers.enumerated() {
        // Numbers are read and written as words of 32 bits: behind a narrow one, something must follow.
        let isNarrow = count <= 65_536 && (index + 1 < numbers.count || values > 0)
        places.append((valuesOffset, isNarrow ? 0xFFFF : .max))
        valuesOffset += isNarrow ? 2 : 4
      }
    }
  }

  deinit {
    groupColumns.deallocate()
    values.deallocate()
    accumulators.deallocate()
    answers.deallocate()
    places.deallocate()
  }

  /// A column's number in a record.
  @inline(__always)
  func number(_ column: Int, of record: UnsafeRawPointer) -> Int {
    Int(record.loadUnaligned(fromByteOffset: places[column].offset, as: UInt32.self) & places[column].mask)
  }

  private static func copy<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = buffer.initialize(fromContentsOf: elements)
    return buffer
  }

  /// Adds a record's values to a cell.
  @inline(__always)
  func add(_ values: UnsafeRawPointer, to cell: UnsafeMutablePointer<Int64>, isNew: Bool) {
    CodedPlan.add(values, to: cell, isNew: isNew, accumulators)
  }

  @inline(__always)
  static func add(
    _ values: UnsafeRawPointer, to cell: UnsafeMutablePointer<Int64>, isNew: Bool,
    _ accumulators: UnsafeMutableBufferPointer<Accumulator>
  ) {
    for index in 0..<accumulators.count {
      let accumulator = accumulators[index]
      guard accumulator.kind != .count else {
        cell[index] = isNew ? 1 : cell[index] &+ 1
        continue
      }
      let value = Int64(values.loadUnaligned(fromByteOffset: 4 &* accumulator.value, as: Int32.self))
      switch accumulator.kind {
      case .sum: cell[index] = isNew ? value : cell[index] &+ value
      case .least: cell[index] = isNew ? value : min(cell[index], value)
      case .greatest: cell[index] = isNew ? value : max(cell[index], value)
      case .count: break
      }
    }
  }
}

extension CodedPlan {
  /// Adds a cell to the states of an empty group.
  func addStates(
    of cell: UnsafePointer<Int64>, rows: UInt64, to states: UnsafeMutableRawPointer, _ aggregates: AggregatePlan
  ) {
    for (slot, answer) in zip(aggregates.slots, answers) {
      let state = states + slot.offset
      let value = cell[answer.accumulator]
      let scale = UInt8(answer.scale)
      switch answer.form {
      case .count: state.assumingMemoryBound(to: UInt64.self).pointee = rows
      case .sum, .average:
        state.assumingMemoryBound(to: SumState.self).pointee.add(
          total: Int256(Int128(value)), scale: scale, count: rows)
      case .least, .greatest:
        state.assumingMemoryBound(to: ExtremeState.self).pointee.add(
          DecimalNumber(mantissa: Int128(value), scale: scale), largestScale: scale, wantsLeast: answer.form == .least)
      }
    }
  }
}

extension AggregatePlan {
  /// Whether every aggregate can be had from counts, sums and extremes of whole numbers.
  var isCodable: Bool { functions.allSatisfy { $0.coded != nil } }
}

extension CodedForm {
  /// What keeps its values; nil for a count, which has none.
  fileprivate var accumulator: CodedPlan.Accumulator.Kind? {
    switch self {
    case .count: nil
    case .sum, .average: .sum
    case .least: .least
    case .greatest: .greatest
    }
  }
}
