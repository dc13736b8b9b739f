import TallySchema

/// The greatest of a column's values: of numbers, IEEE numbers, or texts by their bytes.
struct Max: AggregateFunction {
  private let type: Aggregate.ValueType

  init(_ type: Aggregate.ValueType) { self.type = type }

  var state: any AggregateState.Type {
    switch type {
    case .number: GreatestNumber.self
    case .double: GreatestDouble.self
    case .text: GreatestText.self
    }
  }
  var coded: CodedForm? { type == .number ? .greatest : nil }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer {
    switch type {
    case .number: state.load(as: ExtremeState.self).answer
    case .double: state.load(as: DoubleExtreme.self).answer
    case .text: state.load(as: TextState.self).answer
    }
  }
}

enum GreatestNumber: ExtremeNumber {
  static var wantsLeast: Bool { false }
}

enum GreatestDouble: ExtremeDouble {
  static var wantsLeast: Bool { false }
}

enum GreatestText: ChosenText {
  static func isBetter(_ new: TextState, than old: TextState) -> Bool { KeyCodec.isLess(old.text, new.text) }
}
