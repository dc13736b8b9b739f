import TallySchema

/// The exact sum of decimal numbers, or of IEEE numbers, rounded once.
struct Sum: AggregateFunction {
  private let isDouble: Bool

  init(_ type: Aggregate.ValueType) { isDouble = type == .double }

  var state: any AggregateState.Type { isDouble ? DoubleSumState.self : DecimalSumState.self }
  var coded: CodedForm? { isDouble ? nil : .sum }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer {
    if isDouble {
      let sum = DoubleSum(at: state)
      if sum.count == 0 { return .null }
      let total = sum.value
      return total.isFinite ? .double(total) : .tooLarge
    }
    let sum = state.load(as: SumState.self)
    if sum.count == 0 { return .null }
    guard let total = sum.total, !total.magnitude.isNegative else { return .tooLarge }
    return .decimal(total, scale: Int(sum.scale))
  }
}
