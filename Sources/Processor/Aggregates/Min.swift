import TallySchema

/// The least of a column's values: of numbers, IEEE numbers, or texts by their bytes.
struct Min: AggregateFunction {
  private let type: Aggregate.ValueType

  init(_ type: Aggregate.ValueType) { self.type = type }

  var state: any AggregateState.Type {
    switch type {
    case .number: LeastNumber.self
    case .double: LeastDouble.self
    case .text: LeastText.self
    }
  }
  var coded: CodedForm? { type == .number ? .least : nil }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer {
    switch type {
    case .number: state.load(as: ExtremeState.self).answer
    case .double: state.load(as: DoubleExtreme.self).answer
    case .text: state.load(as: TextState.self).answer
    }
  }
}

enum LeastNumber: ExtremeNumber {
  static var wantsLeast: Bool { true }
}

enum LeastDouble: ExtremeDouble {
  static var wantsLeast: Bool { true }
}

enum LeastText: ChosenText {
  static func isBetter(_ new: TextState, than old: TextState) -> Bool { KeyCodec.isLess(new.text, old.text) }
}
