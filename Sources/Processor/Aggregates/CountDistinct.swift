/// The number of a column's different values that aren't null.
struct CountDistinct: AggregateFunction {
  var state: any AggregateState.Type { CountState.self }
  var source: AggregateSource { .differentValues }

  func answer(_ state: UnsafeMutableRawPointer) -> AggregateAnswer { .count(state.load(as: UInt64.self)) }
}
