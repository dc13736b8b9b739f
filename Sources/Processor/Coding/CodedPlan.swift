/// A question whose rows can be written as numbers: of each group column's value in its dictionary, and of each value
/// column a whole number of 32 bits at the column's usual scale. Rows that don't fit go the general way.
///
/// A coded record is `group columns × UInt32, value columns × Int32`.
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

  /// Where an aggregate's answer stands: its accumulator, and for an average the count.
  struct Answer {
    var kind: AggregatePlan.Kind
    var accumulator: Int
    var count: Int
    var scale: Int
  }

  let groupColumns: UnsafeMutableBufferPointer<Int>
  let values: UnsafeMutableBufferPointer<Value>
  let accumulators: UnsafeMutableBufferPointer<Accumulator>
  let answers: UnsafeMutableBufferPointer<Answer>
  /// Where among ``GroupingPlan/valueColumns`` each of the values stands.
  let valuePlaces: [Int]
  let recordBytes: Int
  /// A cell is its accumulators' words; one bit beside it tells whether it is in use.
  var cellWords: Int { accumulators.count }
  /// The one accumulator is a sum: the question that nearly everyone asks.
  let isOneSum: Bool
  /// Records of one group, at most, for which no sum of 32 bits overflows 64.
  static let recordsMost = 1 << 31

  /// Nil when the question has an aggregate that isn't one of whole numbers.
  ///
  /// - Parameter scales: of each value column, the usual one.
  init?(_ plan: GroupingPlan, scales: [UInt8]) {
    guard !plan.groupColumns.isEmpty, plan.aggregates.isCodable else { return nil }
    var places: [Int] = []
    var kept: [Accumulator] = []
    func place(_ kind: Accumulator.Kind, _ value: Int) -> Int {
      let wanted = Accumulator(kind: kind, value: value)
      if let found = kept.firstIndex(of: wanted) { return found }
      kept.append(wanted)
      return kept.count - 1
    }
    func value(_ number: Int) -> Int {
      if let found = places.firstIndex(of: number) { return found }
      places.append(number)
      return places.count - 1
    }
    var answers: [Answer] = []
    for slot in plan.aggregates.slots {
      switch slot.kind {
      case .countRows, .countValues:
        answers.append(Answer(kind: slot.kind, accumulator: place(.count, 0), count: 0, scale: 0))
      case .sum, .average, .least, .greatest:
        let kind: Accumulator.Kind = slot.kind == .least ? .least : slot.kind == .greatest ? .greatest : .sum
        let found = place(kind, value(slot.value))
        let count = slot.kind == .average ? place(.count, 0) : 0
        answers.append(Answer(kind: slot.kind, accumulator: found, count: count, scale: Int(scales[slot.value])))
      }
    }
    // Rows with a null go the general way, which only a column that is read can tell.
    guard plan.nulls.isEmpty || places.count == plan.valueColumns.count else { return nil }
    groupColumns = CodedPlan.copy(plan.groupColumns)
    values = CodedPlan.copy(places.map { Value(column: plan.valueColumns[$0].index, scale: scales[$0]) })
    accumulators = CodedPlan.copy(kept)
    self.answers = CodedPlan.copy(answers)
    valuePlaces = places
    recordBytes = 4 * (plan.groupColumns.count + places.count)
    isOneSum = kept == [Accumulator(kind: .sum, value: 0)]
  }

  deinit {
    groupColumns.deallocate()
    values.deallocate()
    accumulators.deallocate()
    answers.deallocate()
  }

  private static func copy<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
    _ = buffer.initialize(fromContentsOf: elements)
    return buffer
  }

  /// Adds a record's values to a cell.
  @inline(__always)
  func add(_ values: UnsafeRawPointer, to cell: UnsafeMutablePointer<Int64>, isNew: Bool) {
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

extension AggregatePlan {
  /// Whether every aggregate can be had from counts, sums and extremes of whole numbers.
  var isCodable: Bool {
    slots.allSatisfy { slot in
      switch slot.kind {
      case .countRows, .countValues, .sum, .average, .least, .greatest: true
      }
    }
  }
}
