/// The last of a column's values in the order of the files.
struct Last: AggregateFunction {
  var state: any AggregateState.Type { LastText.self }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer { state.load(as: TextState.self).answer }
}

enum LastText: ChosenText {
  static func isBetter(_ new: TextState, than old: TextState) -> Bool { new.position > old.position }
}
