/// The first of a column's values in the order of the files.
struct First: AggregateFunction {
  var state: any AggregateState.Type { FirstText.self }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer { state.load(as: TextState.self).answer }
}

enum FirstText: ChosenText {
  static func isBetter(_ new: TextState, than old: TextState) -> Bool { new.position < old.position }
}
