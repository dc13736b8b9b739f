import TallySchema

/// The exact quotient of sum and count: of decimal numbers rounded half to even to max(6, the largest scale seen) places.
struct Average: AggregateFunction {
  private let isDouble: Bool

  init(_ type: Aggregate.ValueType) { isDouble = type == .double }

  var state: any AggregateState.Type { isDouble ? DoubleSumState.self : DecimalSumState.self }
  var coded: CodedForm? { isDouble ? nil : .average }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer {
    if isDouble {
      let sum = DoubleSum(at: state)
      if sum.count == 0 { return .null }
      let total = sum.value
      return total.isFinite ? .double(total / Double(sum.count)) : .tooLarge
    }
    let sum = state.load(as: SumState.self)
    if sum.count == 0 { return .null }
    guard let total = sum.total, !total.magnitude.isNegative else { return .tooLarge }
    guard let average = NumberText.average(total, scale: Int(sum.scale), count: sum.count) else { return .tooLarge }
    return .decimal(average.value, scale: average.scale)
  }
}
